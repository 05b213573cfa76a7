"""Area and bounding box of everything in a mask."""

from dataclasses import dataclass

import numpy as np

from smallobjects.runs import joint_runs


@dataclass(frozen=True)
class Regions:
    """The K values that occur in a mask, ascending, and where."""

    values: np.ndarray
    """K values."""
    areas: np.ndarray
    """K int64: pixels."""
    boxes: np.ndarray
    """K×4 int64: x0, y0, x1, y1 with exclusive ends."""


def regions(mask: np.ndarray) -> Regions:
    """Return area and bounding box of every value of a mask, background and void included.

    Args:
        mask: H×W integers.
    """
    start, length = joint_runs(mask)
    values = mask.ravel()[start]
    order = np.argsort(values, kind="stable")
    values = values[order]
    first = np.flatnonzero(np.diff(values.astype(np.int64), prepend=-1))
    row, column = np.divmod(start[order], mask.shape[1])
    length = length[order]
    boxes = [
        np.minimum.reduceat(column, first),
        np.minimum.reduceat(row, first),
        np.maximum.reduceat(column + length, first),
        np.maximum.reduceat(row, first) + 1,
    ]
    return Regions(values[first], np.add.reduceat(length, first), np.stack(boxes, axis=1))
