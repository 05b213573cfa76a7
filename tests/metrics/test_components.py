"""Components are the definition's, whichever of its two wordings is taken."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from reference_scores import components_by_enclosure, components_by_filling
from scenes import NUM_CLASSES, masks, scenes
from scipy import ndimage

from smallobjects.metrics.components import components_of_runs, enclosing_components
from smallobjects.metrics.runs import joint_runs


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


@settings(max_examples=300, deadline=None)
@given(scenes())
def test_runs_have_the_components_of_their_class(scene):
    runs = joint_runs(scene.prediction, scene.instances)
    kept = np.flatnonzero(runs.values[0] > 0)
    start, length, classes = runs.start[kept], runs.length[kept], runs.values[0][kept]
    labels = np.zeros(scene.prediction.shape, np.int64)
    for k, n, label in zip(
        start, length, components_of_runs(scene.prediction, start, length, classes), strict=True
    ):
        labels.ravel()[k : k + int(n)] = label
    expected = set()
    for class_id in range(1, NUM_CLASSES):
        expected |= set(map(frozenset, components_by_filling(scene.prediction == class_id)))
    assert as_sets(labels) == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_read_only_predictions_of_any_integers_are_taken(dtype):
    prediction = np.array([[1, 0, 1]], dtype)
    prediction.flags.writeable = False
    found = components_of_runs(prediction, np.array([0, 2]), np.array([1, 1]), prediction[0, ::2])
    assert len(set(found.tolist())) == 2
