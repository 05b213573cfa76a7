"""Outlines of masks, filled again by an independent rule."""

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallobjects.web.outlines import outline_paths


def filled(path: str, shape: tuple[int, int]) -> np.ndarray:
    """Fill a path by the rule `evenodd`: count the edges to the left of every pixel's centre."""
    crossings = np.zeros(shape, int)
    for part in re.findall(r"M([^Z]+)Z", path):
        points = [tuple(map(int, point.split(","))) for point in part.split(" ")]
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
            assert x0 == x1 or y0 == y1
            if x0 == x1:
                crossings[min(y0, y1) : max(y0, y1), x0:] += 1
    return crossings % 2 == 1


@given(arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)),
              elements=st.sampled_from([0, 1, 1, 2, 255])))  # fmt: skip
def test_a_filled_path_is_the_mask(mask):
    paths = outline_paths(mask)
    assert set(paths) == set(np.unique(mask)) - {0}
    for value, path in paths.items():
        assert (filled(path, mask.shape) == (mask == value)).all()


def test_holes_within_islands_within_holes():
    mask = np.zeros((15, 17), np.uint16)
    for inset in range(7):
        mask[inset : 15 - inset, inset : 17 - inset] = 300 * ((inset + 1) % 2)
    (path,) = outline_paths(mask).values()
    assert path.count("M") == 7
    assert (filled(path, mask.shape) == (mask == 300)).all()
