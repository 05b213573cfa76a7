"""Masks as runs: stretches of a row over which nothing changes. There are few of them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Runs:
    """The R runs of one or more masks of one image, in reading order."""

    values: tuple[np.ndarray, ...]
    """R values of each mask, in its dtype."""
    row: np.ndarray
    """R int64: the row it lies in."""
    start: np.ndarray
    """R int64: its first column."""
    length: np.ndarray
    """R int64: its pixels."""


def joint_runs(*masks: np.ndarray) -> Runs:
    """Return the runs over which none of the masks changes; no run goes beyond its row.

    Args:
        masks: H×W integers each, all of one shape.
    """
    height, width = masks[0].shape
    begins = np.ones((height, width), bool)
    begins[:, 1:] = False
    for mask in masks:
        begins[:, 1:] |= mask[:, 1:] != mask[:, :-1]
    first = np.flatnonzero(begins)
    values = tuple(mask.ravel()[first] for mask in masks)
    length = np.diff(first, append=height * width)
    return Runs(values, first // width, first % width, length)


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
    runs = joint_runs(mask)
    order = np.argsort(runs.values[0], kind="stable")
    values = runs.values[0][order]
    first = np.flatnonzero(np.diff(values.astype(np.int64), prepend=-1))
    row, start, length = runs.row[order], runs.start[order], runs.length[order]
    boxes = [
        np.minimum.reduceat(start, first),
        np.minimum.reduceat(row, first),
        np.maximum.reduceat(start + length, first),
        np.maximum.reduceat(row, first) + 1,
    ]
    return Regions(values[first], np.add.reduceat(length, first), np.stack(boxes, axis=1))
