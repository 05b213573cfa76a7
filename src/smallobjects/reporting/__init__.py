"""Scores in, tables out; prepared datasets in, figures out; predictions and labels in, panels out.

tables/     tables as data
output/     tables as LaTeX, in the terminal, as pages of HTML
plots/      figures and plots
panels/     pages of pictures
"""
