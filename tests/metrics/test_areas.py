"""Pixels per class and image, and what is averaged from them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_scores import mean
from scenes import LIMITS, NUM_CLASSES, VOID, scenes

from smallobjects.metrics import confusion_matrix, instance_ious, summarize
from smallobjects.metrics.areas import AREAS, areas_table, class_areas
from smallobjects.metrics.fine_grained import fine_grained_mious
from smallobjects.metrics.folders import rows_table
from smallobjects.metrics.instances import ROW
from smallobjects.metrics.summary import summarize_images


def areas_of(images):
    found = [class_areas(confusion_matrix(s.prediction, s.semantic, NUM_CLASSES)) for s in images]
    return areas_table(found, [f"{k}" for k in range(len(images))])


def areas_by_masks(scene):
    valid = scene.semantic != VOID
    areas = []
    for c in range(NUM_CLASSES):
        predicted, truth = (scene.prediction == c) & valid, (scene.semantic == c) & valid
        if (predicted | truth).any():
            areas.append((c, (predicted & truth).sum(), predicted.sum(), truth.sum()))
    return areas or [(0, 0, 0, 0)]


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_areas_agree_with_masks(scene):
    areas = class_areas(confusion_matrix(scene.prediction, scene.semantic, NUM_CLASSES))
    assert areas.dtype == AREAS
    assert areas.tolist() == areas_by_masks(scene)


def test_pixels_predicted_as_no_class_are_missed():
    areas = class_areas(np.array([[5, 0, 2], [1, 4, 3]]))
    assert areas.tolist() == [(0, 5, 6, 7), (1, 4, 4, 8)]
    with_column = summarize(np.empty(0, ROW), np.array([[5, 0, 2], [1, 4, 3]]), 2)
    assert with_column["miou"] == pytest.approx((5 / 8 + 4 / 8) / 2)


@settings(max_examples=60, deadline=None)
@given(st.lists(scenes(), min_size=1, max_size=4))
def test_areas_summarize_as_the_confusion_matrix(images):
    rows = [instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS) for scene in images]
    confusion = sum(confusion_matrix(s.prediction, s.semantic, NUM_CLASSES) for s in images)
    expected = summarize(np.concatenate(rows), confusion, NUM_CLASSES)
    table, areas = rows_table(rows, [f"{k}" for k in range(len(images))]), areas_of(images)
    found = summarize_images(table, areas, NUM_CLASSES)
    assert {key: found[key] for key in expected} == expected
    assert list(found) == [*expected, "miou_i", "miou_c"]


def mious_by_loops(images):
    """mIoU^I and mIoU^C, image by image and class by class."""
    by_image, by_class = [], [[] for _ in range(NUM_CLASSES)]
    for scene in images:
        valid = scene.semantic != VOID
        ious = []
        for c in range(NUM_CLASSES):
            predicted, truth = (scene.prediction == c) & valid, (scene.semantic == c) & valid
            if truth.any():
                ious.append((predicted & truth).sum() / (predicted | truth).sum())
                by_class[c].append(ious[-1])
        if ious:
            by_image.append(mean(ious))
    return {
        "miou_i": mean(by_image),
        "miou_c": mean([mean(ious) for ious in by_class if ious]),
    }


@settings(max_examples=100, deadline=None)
@given(st.lists(scenes(), min_size=1, max_size=4))
def test_fine_grained_mious_agree_with_loops(images):
    expected = mious_by_loops(images)
    assert fine_grained_mious(areas_of(images)) == pytest.approx(expected, abs=1e-12)


def test_absent_classes_do_not_count():
    """In image a, class 1 is predicted only: no IoU of its own. Image c is all void."""
    areas = pd.DataFrame(
        [
            ("a", 0, 6, 6, 8),
            ("a", 1, 0, 2, 0),
            ("b", 0, 4, 4, 4),
            ("b", 2, 1, 1, 2),
            ("c", 0, 0, 0, 0),
        ],
        columns=["image", *AREAS.names],
    )
    found = fine_grained_mious(areas)
    assert found["miou_i"] == pytest.approx((6 / 8 + (1 + 0.5) / 2) / 2)
    assert found["miou_c"] == pytest.approx(((6 / 8 + 1) / 2 + 0.5) / 2)
    nothing = {"miou_i": None, "miou_c": None}
    assert fine_grained_mious(areas[areas["image"] == "c"]) == nothing


def test_refuses_another_class():
    areas = pd.DataFrame([("a", 7, 0, 1, 1)], columns=["image", *AREAS.names])
    with pytest.raises(ValueError, match="areas of class 7"):
        summarize_images(np.empty(0, ROW), areas, 4)
