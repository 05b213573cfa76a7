"""Masks as runs: neighbours in a row at which every mask is constant.

Masks have few of them (thousands, where there are hundreds of thousands of pixels), so that
counting runs instead of pixels makes scores and checks cheap.
"""

from typing import NamedTuple

import numpy as np


class Runs(NamedTuple):
    """The runs of some masks of one size, in scan order; R of them."""

    start: np.ndarray
    """R int64: index of the first pixel in the flattened mask."""
    length: np.ndarray
    """R int64: pixels; together they are all pixels of the mask."""


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
    start = _places(changes)
    length = np.empty(start.size, np.int64)
    np.subtract(start[1:], start[:-1], out=length[:-1])
    length[-1:] = changes.size - start[-1:]
    return Runs(start, length)


def _places(flags: np.ndarray) -> np.ndarray:
    """Return the indices at which an array of bool is true, ascending, as int64."""
    if flags.size % 4:
        return np.flatnonzero(flags)
    # NumPy is slow where one in ten or twenty is true. Of words of four flags more are not zero,
    # and in these words, put side by side, more flags are true.
    words = flags.view(np.uint32)
    kept = np.flatnonzero(words != 0)
    places = np.flatnonzero(words.take(kept).view(bool))
    kept <<= 2
    first_of_word = kept.take(places >> 2)
    places &= 3
    places += first_of_word
    return places
