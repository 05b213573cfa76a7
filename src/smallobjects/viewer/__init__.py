"""Looking at predictions: the rows of their scores, and the images behind each.

rows.py      the table of scored instances: filtered, sorted, page by page
pictures.py  image, ground truth and prediction of an image, in the colours of the classes
pages.py     the addresses of the tool, and what answers there
static/      the page
"""
