"""The manual filter of PASCAL-B: people look at candidates, accept or reject them, and agree.

catalog.py      the candidates with their annotations, in a file that opens at once
annotations.py  what a reviewer sees of one image: outlines, classes, marks
submission.py   what a page sends: a verdict with a note and boxes of missing objects
store.py        every verdict ever given, in SQLite, written before it is confirmed
order.py        which image comes next, and which came before
pace.py         how fast a reviewer is
agreement.py    how well two reviewers agree: Cohen's kappa, and where they do not
export.py       the decisions file that `smallobjects select-images` reads
pages.py        the addresses of the tool, and what answers there
static/         the pages
"""
