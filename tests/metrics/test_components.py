"""Components are the definition's, whichever of its two wordings is taken."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from reference_scores import components_by_enclosure, components_by_filling
from scenes import masks
from scipy import ndimage

from smallobjects.metrics.components import bounding_box, enclosing_components


def as_sets(labels):
    found = [
        frozenset(zip(*map(np.ndarray.tolist, np.nonzero(labels == k)), strict=True))
        for k in np.unique(labels)
        if k
    ]
    return set(found)


def drawn(*lines):
    return np.array([[character == "#" for character in line] for line in lines])


@settings(max_examples=300, deadline=None)
@given(masks())
@example(drawn("...", "...", "...", "###")).via("cc3d 4.1.1 mislabels it as bool")
def test_agrees_with_both_wordings_of_the_definition(mask):
    found = as_sets(enclosing_components(mask))
    assert found == set(map(frozenset, components_by_filling(mask)))
    assert found == set(map(frozenset, components_by_enclosure(mask)))


@settings(max_examples=300, deadline=None)
@given(masks())
def test_agrees_with_scipys_hole_filling(mask):
    labels, _ = ndimage.label(ndimage.binary_fill_holes(mask), np.ones((3, 3)))
    assert as_sets(enclosing_components(mask)) == as_sets(labels * mask)


@pytest.mark.parametrize(
    ("mask", "count"),
    [
        pytest.param(drawn("#####", "#...#", "#.#.#", "#...#", "#####"), 1, id="island in a hole"),
        pytest.param(drawn("##.##", "#...#", "#.#.#", "#...#", "#####"), 2, id="ring is open"),
        pytest.param(drawn(".###.", "#...#", "#.#.#", "#...#", ".###."), 1, id="diagonal ring"),
        pytest.param(drawn("#...#", "#.#.#", "#...#", "#####"), 2, id="hole at the border"),
        pytest.param(drawn("#.", ".#"), 1, id="corners touch"),
        pytest.param(drawn("#.#"), 2, id="apart"),
        pytest.param(
            drawn("#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######"),
            1,
            id="ring in a ring",
        ),
        pytest.param(drawn("...", "..."), 0, id="empty"),
    ],
)
def test_counts_components(mask, count):
    assert len(as_sets(enclosing_components(mask))) == count


@settings(max_examples=100, deadline=None)
@given(masks())
def test_cutting_out_the_bounding_box_keeps_the_components(mask):
    box = bounding_box(mask)
    if not mask.any():
        assert box is None
        return
    cut = np.zeros(mask.shape, np.int64)
    cut[box] = enclosing_components(mask[box])
    assert as_sets(cut) == as_sets(enclosing_components(mask))
    assert mask[box].any(axis=0)[[0, -1]].all()
    assert mask[box].any(axis=1)[[0, -1]].all()
