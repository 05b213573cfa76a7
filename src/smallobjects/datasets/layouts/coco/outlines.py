"""Masks as COCO writes them: polygons along pixel edges, and run lengths."""

import numpy as np
from scipy import ndimage

_EIGHT = np.ones((3, 3), bool)


def has_holes(mask: np.ndarray) -> bool:
    """Return whether an H×W bool mask encloses background, which polygons cannot express."""
    return bool((ndimage.binary_fill_holes(mask, _EIGHT) != mask).any())


def polygons(mask: np.ndarray) -> list[list[float]]:
    """Return one polygon per 4-connected part of an H×W bool mask without holes.

    A polygon is x0, y0, x1, y1, …; it runs along the edges of pixels (pixel column c covers
    c..c+1), so that filling it gives back exactly the mask and its area is the number of pixels.
    """
    parts, count = ndimage.label(mask)
    return [_outline(parts == part) for part in range(1, count + 1)]


def run_lengths(mask: np.ndarray) -> dict:
    """Return an uncompressed COCO run-length code: runs of 0 and 1 in turn, down the columns."""
    values = mask.ravel(order="F").astype(np.int8)
    changes = np.flatnonzero(np.diff(values, prepend=0)).tolist()
    ends = [*changes, values.size]
    counts = np.diff(ends, prepend=0).tolist()
    return {"counts": counts, "size": list(mask.shape)}


def _outline(part: np.ndarray) -> list[float]:
    """Walk around one part clockwise, the part always to the right."""
    steps = _boundary_steps(part)
    row, column = np.argwhere(part)[0]
    start = (int(column), int(row))
    corners: list[float] = []
    vertex, step = start, (1, 0)
    while True:
        corners += [float(vertex[0]), float(vertex[1])]
        while True:
            vertex = (vertex[0] + step[0], vertex[1] + step[1])
            onward = steps[vertex]
            # Where two pixels meet at a corner only, a right turn keeps to the pixel walked around.
            right = (-step[1], step[0])
            following = right if right in onward else onward[0]
            if following != step:
                break
        step = following
        if vertex == start and step == (1, 0):
            return corners


def _boundary_steps(part: np.ndarray) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the steps (dx, dy) that leave every vertex along the boundary."""
    padded = np.pad(part, 1)
    sides = (
        # neighbour (row, column) that is background; start vertex (x, y) in the pixel; step
        ((-1, 0), (0, 0), (1, 0)),
        ((0, 1), (1, 0), (0, 1)),
        ((1, 0), (1, 1), (-1, 0)),
        ((0, -1), (0, 1), (0, -1)),
    )
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (down, right), (x, y), step in sides:
        neighbour = np.roll(padded, (-down, -right), (0, 1))[1:-1, 1:-1]
        for row, column in np.argwhere(part & ~neighbour):
            steps.setdefault((int(column) + x, int(row) + y), []).append(step)
    return steps
