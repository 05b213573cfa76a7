"""Components are the definition's, whichever of its two wordings is taken."""

import numpy as np
import pytest
from generated_cases import paint
from hypothesis import example, given, settings
from reference_scores import components_by_enclosure, components_by_filling
from scenes import NUM_CLASSES, masks, scenes
from scipy import ndimage

from smallobjects.metrics.components import (
    components_of_regions,
    enclosing_components,
    regions_of,
)
from smallobjects.runs import joint_runs


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


def component_map(prediction, *others):
    """The component of each pixel of any class but 0, by way of joint runs."""
    runs = joint_runs(prediction, *others)
    regions = regions_of(prediction, runs)
    classes = np.setdiff1d(prediction, [0])
    components = components_of_regions(prediction, runs, regions, classes)
    return np.repeat(components[regions.of_run], runs.length).reshape(prediction.shape)


@settings(max_examples=300, deadline=None)
@given(scenes())
def test_regions_have_the_components_of_their_class(scene):
    expected = set()
    for class_id in range(1, NUM_CLASSES):
        expected |= set(map(frozenset, components_by_filling(scene.prediction == class_id)))
    assert as_sets(component_map(scene.prediction, scene.instances)) == expected


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_scipy_on_larger_predictions(seed):
    rng = np.random.default_rng(seed)
    prediction = np.zeros((90, 130), np.uint8)
    for _ in range(60):
        paint(rng, prediction, rng.integers(0, 3))
    found = component_map(prediction)
    for class_id in (1, 2):
        mask = prediction == class_id
        labels, _ = ndimage.label(ndimage.binary_fill_holes(mask), np.ones((3, 3)))
        assert as_sets(found * mask) == as_sets(labels * mask)


def test_only_the_classes_wanted_are_joined():
    prediction = drawn("#####", "#...#", "#.#.#", "#...#", "#####").astype(np.uint8)
    runs = joint_runs(prediction)
    regions = regions_of(prediction, runs)
    ones, twos = (
        components_of_regions(prediction, runs, regions, np.array([wanted])) for wanted in (1, 2)
    )
    assert len(set(ones[1:])) == 1
    assert len(set(twos[1:])) == 2


def test_a_region_over_the_whole_width_is_split_where_it_has_holes():
    # Its rows follow each other without a gap, from the last column to the first.
    prediction = drawn("#######", "#.....#", "#..#..#", "#.....#", "#######").astype(np.uint8)
    assert len(as_sets(component_map(prediction))) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.uint64])
def test_read_only_predictions_of_any_integers_are_taken(dtype):
    prediction = np.array([[1, 0, 1]], dtype)
    prediction.flags.writeable = False
    assert len(as_sets(component_map(prediction))) == 2
