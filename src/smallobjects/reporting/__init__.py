"""Scores in, tables out; prepared datasets in, figures out; predictions and labels in, panels out.

cells.py            what a table is made of: the JSON that the workflow hands over
instance_counts.py  Table 1 as data: instances by size
scores.py           Table 2 as data: one row per cell, with means over seeds
intervals.py        Table 2's uncertainty: bootstrap intervals over images
comparison.py       a loss beside cross-entropy: value and gain
published.py        a score beside a published one
latex.py            text and tables in LaTeX
instance_latex.py   Table 1 in LaTeX
score_latex.py      Table 2 in LaTeX
supplement_latex.py the supplement's Table 2 in LaTeX
terminal.py         both tables in the terminal, from their csv files
class_counts.py     Figure 1 as data: instances by class and size
class_plot.py       Figure 1 drawn
samples.py          Figure 3 as data: which images are shown
sample_plot.py      Figure 3 drawn

panel_parameters.py what panels are made of: settings, files, titles
panel_choice.py     which images a page of panels shows
painting.py         masks and activation maps as pictures
panel_page.py       a page of pictures with boxes around small objects
box_text.py         where the number of a box stands
panels.py           pages of predictions (Figures 4 to 26), and all models on one image
label_panels.py     pages of pseudo-labels, stage by stage

plot_parameters.py  what plots are made of: scores, size limits, learning curves
gain_plot.py        gains by object size, with paired intervals
trade_plot.py       mIoU against IA_S
size_plot.py        IoU against object size
learning_plot.py    learning curves
small_multiples.py  the grid of small panels that the last two share

runtimes.py         how long the stages took
table_files.py      csv files of tables, recognised by their columns
html_tables.py      tables as pages of HTML
resolved_settings.py every setting as it is run
html_page.py        pages of HTML that need no other file
"""
