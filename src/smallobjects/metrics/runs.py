"""Masks as runs: neighbours in a row at which every mask is constant.

Masks have few of them (thousands, where there are hundreds of thousands of pixels), so that
counting runs instead of pixels makes the scores cheap.
"""

from typing import NamedTuple

import numpy as np


class Runs(NamedTuple):
    """The runs of some masks of one size, in scan order; R of them."""

    start: np.ndarray
    """R int64: index of the first pixel in the flattened mask."""
    length: np.ndarray
    """R float64, whole numbers: pixels; together they are all pixels of the mask.

    (They are weights of `np.bincount`, which would convert integers at each use. Sums are exact, as
    an image has fewer than 2⁵³ pixels.)
    """
    values: tuple[np.ndarray, ...]
    """R values of each mask, of its dtype."""


def joint_runs(*masks: np.ndarray) -> Runs:
    """Return the runs of several masks; a run ends where any of the masks changes, or the row.

    Args:
        masks: H×W integers each, all of one shape.
    """
    height, width = masks[0].shape
    flat = [mask.ravel() for mask in masks]
    changes = np.empty(height * width, bool)
    inner = changes[1:]
    np.not_equal(flat[0][1:], flat[0][:-1], out=inner)
    for mask in flat[1:]:
        inner |= mask[1:] != mask[:-1]
    changes[:: max(width, 1)] = True
    start = np.flatnonzero(changes)
    length = np.empty(start.size)
    np.subtract(start[1:], start[:-1], out=length[:-1])
    length[-1:] = changes.size - start[-1:]
    return Runs(start, length, tuple(mask[start] for mask in flat))


def pixels_by(values: np.ndarray, length: np.ndarray, bins: int) -> np.ndarray:
    """Count the pixels of runs by a value of theirs.

    Args:
        values: R integers in 0..bins-1.
        length: R float64, the pixels of each run.
        bins: how many values there are.

    Returns:
        `bins` int64.
    """
    return np.bincount(values, weights=length, minlength=bins).astype(np.int64)
