"""The confusion matrix and the averages over a dataset."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_scores import confusion_loop, instance_rows, summary_by_loops
from scenes import LIMITS, NUM_CLASSES, scenes

from smallobjects.metrics import confusion_matrix, instance_ious, summarize
from smallobjects.metrics.folders import rows_table
from smallobjects.metrics.instances import ROW


def rows_of(*values):
    return np.array([(c, 0, 1, size, 0, 0, iou) for c, size, iou in values], ROW)


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_confusion_agrees_with_a_loop(scene):
    found = confusion_matrix(scene.prediction, scene.semantic, NUM_CLASSES)
    assert found.dtype == np.int64
    assert found.tolist() == confusion_loop(scene.prediction, scene.semantic, NUM_CLASSES)


def test_rows_of_the_confusion_are_the_ground_truth():
    found = confusion_matrix(np.array([[2, 2, 0]]), np.array([[1, 1, 255]]), 3)
    assert found.tolist() == [[0, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]]


def test_where_no_class_is_predicted_the_true_class_is_missed():
    found = confusion_matrix(np.array([[255, 1, 255]]), np.array([[1, 1, 255]]), 2)
    assert found.tolist() == [[0, 0, 0], [0, 1, 1]]
    assert summarize(rows_of(), found, 2)["miou"] == 1 / 2


@settings(max_examples=60, deadline=None)
@given(st.lists(scenes(), min_size=1, max_size=4))
def test_summary_agrees_with_loops(images):
    rows = [instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS) for scene in images]
    confusion = sum(confusion_matrix(s.prediction, s.semantic, NUM_CLASSES) for s in images)
    expected = summary_by_loops(
        [row for scene in images for row in instance_rows(*scene, NUM_CLASSES, LIMITS)],
        confusion.tolist(),
        NUM_CLASSES,
    )
    found = summarize(np.concatenate(rows), confusion, NUM_CLASSES)
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-12)
    table = rows_table(rows, [f"{k}" for k in range(len(images))])
    assert summarize(table, confusion, NUM_CLASSES) == found
    shuffled = table.sample(frac=1, random_state=0)
    assert summarize(shuffled, confusion, NUM_CLASSES) == found
    json.dumps(found, allow_nan=False)


def test_classes_count_alike_however_many_instances_they_have():
    rows = rows_of(
        (0, "", 0.9), (1, "small", 0.0), (1, "small", 0.2), (1, "large", 0.4), (3, "small", 0.7)
    )
    found = summarize(rows, np.eye(4, dtype=np.int64), 4)
    assert found["ia_miou"] == pytest.approx((0.9 + 0.2 + 0.7) / 3)
    assert found["ia_miou_foreground"] == pytest.approx((0.2 + 0.7) / 2)
    assert found["ia_s"] == pytest.approx((0.1 + 0.7) / 2)
    assert found["ia_m"] is None
    assert found["ia_l"] == pytest.approx(0.4)
    assert found["instances"] == {"small": 3, "medium": 0, "large": 1, "total": 4}
    assert [entry["class_id"] for entry in found["per_class"]] == [0, 1, 2, 3]
    assert found["per_class"][1] == {
        "class_id": 1,
        "iou": 1.0,
        "ia_iou": pytest.approx(0.2),
        "ia_s": pytest.approx(0.1),
        "ia_m": None,
        "ia_l": pytest.approx(0.4),
        "instances": {"small": 2, "medium": 0, "large": 1, "total": 3},
    }
    assert found["per_class"][2]["ia_iou"] is None


def test_miou_leaves_out_classes_that_are_nowhere():
    # Class 1 is predicted only: IoU 0. Class 2 is nowhere.
    confusion = np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert summarize(rows_of(), confusion, 3)["miou"] == pytest.approx((3 / 4 + 0) / 2)


def test_nothing_to_average_is_none():
    found = summarize(rows_of(), np.zeros((2, 2), np.int64), 2)
    assert [found[key] for key in ("miou", "ia_miou", "ia_miou_foreground", "ia_s")] == [None] * 4


def test_refuses_what_does_not_belong_together():
    with pytest.raises(ValueError, match="confusion matrix"):
        summarize(rows_of(), np.zeros((2, 2), np.int64), 3)
    with pytest.raises(ValueError, match="class 5"):
        summarize(rows_of((5, "small", 1)), np.zeros((3, 3), np.int64), 3)


def test_table_of_rows():
    table = rows_table([rows_of((0, "", 1), (1, "small", 0.5)), rows_of()], ["a", "b"])
    assert list(table.columns) == ["image", *ROW.names]
    assert table["image"].tolist() == ["a", "a"]
    assert pd.isna(table["size"][0])
    assert table["size"][1] == "small"
    assert len(rows_table([rows_of()], ["a"])) == 0
