"""All thresholds from one look at the scores, against labels made threshold by threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.pseudo_labels.boxes import BoxedObject
from smallobjects.pseudo_labels.cams.maps import label_by_argmax
from smallobjects.pseudo_labels.labels.scores import LabelScores, mean_iou
from smallobjects.pseudo_labels.tuning.projections import ProjectionCounts
from smallobjects.pseudo_labels.tuning.score_spread import ScoreSpread
from smallobjects.pseudo_labels.tuning.threshold_counts import ThresholdCounts

THRESHOLDS = [0.0, 0.1, 0.15, 0.3, 0.7, 1.0]
SHAPE = (6, 7)


def drawn(seed, num_classes, images):
    """Truths, classes and float32 scores, many of which are equal to a threshold."""
    generator = np.random.default_rng(seed)
    for _ in range(images):
        number = int(generator.integers(0, num_classes))
        classes = np.sort(generator.permutation(np.arange(1, num_classes))[:number])
        truth = generator.choice([*range(num_classes), 255], SHAPE).astype(np.uint8)
        scores = generator.random((number, *SHAPE)).astype(np.float32)
        exact = generator.choice(np.float32(THRESHOLDS), scores.shape)
        yield truth, classes, np.where(generator.random(scores.shape) < 0.3, exact, scores)


def label_at(classes, scores, threshold):
    if len(classes) == 0:
        return np.zeros(SHAPE, dtype=np.uint8)
    return label_by_argmax(classes, scores, threshold)


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(0, 3))
def test_confusions_are_those_of_labels_made_one_by_one(seed, num_classes, images):
    counts = ThresholdCounts(num_classes, THRESHOLDS)
    slow = [LabelScores(num_classes) for _ in THRESHOLDS]
    for truth, classes, scores in drawn(seed, num_classes, images):
        counts.add(truth, classes, scores)
        for threshold, each in zip(THRESHOLDS, slow, strict=True):
            each.add(truth, label_at(classes, scores, threshold))
    expected = [each.confusion("exclude") for each in slow]
    assert np.array_equal(counts.confusions(), expected)
    assert counts.mean_ious() == [mean_iou(each) for each in expected]


def test_eighty_classes_and_a_hundred_thresholds():
    counts = ThresholdCounts(81, np.linspace(0, 1, 101))
    truth = np.full((10, 10), 80, np.uint8)
    counts.add(truth, np.array([80]), np.full((1, 10, 10), 0.505, np.float32))
    values = counts.mean_ious()
    assert values[:51] == [1.0] * 51
    assert values[51:] == [0.0] * 50


def boxed(generator, num_classes):
    x0, y0 = generator.integers(0, 5, 2)
    size = generator.integers(1, 3, 2)
    class_id = int(generator.integers(1, num_classes))
    return BoxedObject(0, class_id, int(x0), int(y0), int(x0 + size[0]), int(y0 + size[1]))


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 3))
def test_extents_are_those_of_labels_made_one_by_one(seed, num_classes, images):
    generator = np.random.default_rng(seed)
    counts = ProjectionCounts(THRESHOLDS)
    both, either, boxes = np.zeros((3, len(THRESHOLDS)), dtype=int)
    for _, classes, scores in drawn(seed, num_classes, images):
        objects = tuple(boxed(generator, num_classes) for _ in range(2))
        objects = tuple(item for item in objects if item.class_id in classes)
        counts.add(objects, classes, scores)
        for place, threshold in enumerate(THRESHOLDS):
            label = label_at(classes, scores, threshold)
            for class_id in classes:
                true = np.zeros(SHAPE, dtype=bool)
                for item in objects:
                    true[item.window] |= item.class_id == class_id
                for axis in (0, 1):
                    found, wanted = (label == class_id).any(axis), true.any(axis)
                    both[place] += (found & wanted).sum()
                    either[place] += (found | wanted).sum()
                    boxes[place] += wanted.sum()
    expected = both / either if boxes[0] else [None] * len(THRESHOLDS)
    assert counts.ious() == (pytest.approx(expected) if boxes[0] else expected)


def test_an_extent_is_best_where_the_map_fills_the_box():
    """A diamond in its box: a mask like it is right, however little of the box it fills."""
    y, x = np.indices((21, 21)) - 10
    scores = (1 - (abs(x) + abs(y)) / 20)[None].astype(np.float32)
    objects = (BoxedObject(0, 1, 5, 5, 16, 16),)  # where the score is above 0.7
    counts = ProjectionCounts([0.5, 0.6, 0.72, 0.8, 0.9])
    counts.add(objects, np.array([1]), scores)
    values = counts.ious()
    assert values[2] == max(values) == 1


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 3))
def test_the_spread_is_that_of_otsu(seed, num_classes, images):
    spread, values = ScoreSpread(THRESHOLDS), []
    for _, classes, scores in drawn(seed, num_classes, images):
        spread.add(classes, scores)
        if len(classes):
            values += scores.max(axis=0).ravel().tolist()
    values, between = np.array(values), []
    for threshold in np.float32(THRESHOLDS):
        low, high = values[values <= threshold], values[values > threshold]
        empty = not len(low) or not len(high)
        between.append(0 if empty else len(low) * len(high) * (low.mean() - high.mean()) ** 2)
    expected = np.array(between) / max(between) if max(between, default=0) > 0 else None
    if expected is None:
        assert spread.explained() == [None] * len(THRESHOLDS)
    else:
        assert spread.explained() == pytest.approx(expected, abs=1e-9)
