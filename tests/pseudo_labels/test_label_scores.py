import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.pseudo_labels.labels.scores import LabelScores, ious_of_confusion, mean_iou


def slow_ious(truths, labels, classes, void):
    ious = []
    for class_id in range(classes):
        both = either = 0
        for truth, label in zip(truths, labels, strict=True):
            for t, p in zip(truth.ravel().tolist(), label.ravel().tolist(), strict=True):
                if t == 255 or (p == 255 and void == "exclude"):
                    continue
                label_class = 0 if p == 255 else p
                both += t == label_class == class_id
                either += class_id in (t, label_class)
        ious.append(both / either if either else None)
    return ious


@given(st.integers(1, 5), st.integers(0, 3), st.integers(0, 10**6))
def test_equals_loops(classes, images, seed):
    generator = np.random.default_rng(seed)
    values = [*range(classes), 255]
    truths = [generator.choice(values, (4, 5)).astype(np.uint8) for _ in range(images)]
    labels = [generator.choice(values, (4, 5)).astype(np.uint8) for _ in range(images)]
    scores = LabelScores(classes)
    for truth, label in zip(truths, labels, strict=True):
        scores.add(truth, label)
    for void in ("exclude", "background"):
        expected = slow_ious(truths, labels, classes, void)
        found = ious_of_confusion(scores.confusion(void))
        assert found == pytest.approx(expected)
        existing = [iou for iou in expected if iou is not None]
        assert mean_iou(scores.confusion(void)) == (
            pytest.approx(np.mean(existing)) if existing else None
        )
    zeros = [np.zeros_like(label) for label in labels]
    expected = slow_ious(truths, zeros, classes, "exclude")
    assert ious_of_confusion(scores.all_background()) == pytest.approx(expected)


def test_80_classes():
    truth = np.arange(81, dtype=np.uint8)[None]
    scores = LabelScores(81)
    scores.add(truth, truth)
    assert mean_iou(scores.confusion("exclude")) == 1
