"""Masks as outlines that a browser draws: along the edges of pixels, with holes."""

import numpy as np
from scipy import ndimage

from smallobjects.datasets.layouts.coco.outlines import polygons
from smallobjects.datasets.regions import regions

_EIGHT = np.ones((3, 3), bool)


def outline_paths(mask: np.ndarray) -> dict[int, str]:
    """Return the outline of every value of a mask but 0, as the data of an SVG path.

    Filled by the rule `evenodd`, a path covers exactly the pixels of its value; pixel column c
    covers c..c+1.

    Args:
        mask: H×W integers.
    """
    found = regions(mask)
    paths = {}
    for value, (x0, y0, x1, y1) in zip(found.values.tolist(), found.boxes.tolist(), strict=True):
        if value != 0:
            paths[value] = _path(mask[y0:y1, x0:x1] == value, x0, y0)
    return paths


def _path(part: np.ndarray, x0: int, y0: int) -> str:
    """Return the path of an H×W bool mask whose corner is at x0, y0."""
    pieces = []
    while part.any():
        filled = ndimage.binary_fill_holes(part, _EIGHT)
        pieces += [_closed(corners, x0, y0) for corners in polygons(filled)]
        # What lies in holes takes turns: hole, island, hole of the island.
        part = filled & ~part
    return "".join(pieces)


def _closed(corners: list[float], x0: int, y0: int) -> str:
    points = zip(corners[::2], corners[1::2], strict=True)
    return "M" + " ".join(f"{int(x) + x0},{int(y) + y0}" for x, y in points) + "Z"
