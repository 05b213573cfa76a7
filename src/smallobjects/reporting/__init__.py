"""Scores in, tables out; prepared datasets in, figures that describe them out.

cells.py            what a table is made of: the JSON that the workflow hands over
instance_counts.py  Table 1 as data: instances by size
scores.py           Table 2 as data: one row per cell, with means over seeds
intervals.py        Table 2's uncertainty: bootstrap intervals over images
comparison.py       a loss beside cross-entropy: value and gain
latex.py            text and tables in LaTeX
instance_latex.py   Table 1 in LaTeX
score_latex.py      Table 2 in LaTeX
terminal.py         both tables in the terminal, from their csv files
class_counts.py     Figure 1 as data: instances by class and size
class_plot.py       Figure 1 drawn
samples.py          Figure 3 as data: which images are shown
sample_plot.py      Figure 3 drawn
"""
