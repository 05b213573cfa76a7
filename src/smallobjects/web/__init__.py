"""What the local web tools share: who may ask, what is answered, and the parts of their pages.

guard.py         which requests are answered at all: host names, tokens, the origin of writes
application.py   routes, files of the pages, errors in words, headers that browsers obey
serving.py       the address that is listened on, until Ctrl-C
outlines.py      masks as outlines that a browser draws, exact to the pixel
static/          modules and styles of the pages, served as they are: there is no build step
"""
