"""Rows of instances: by hand, against the pixel-by-pixel reference, and by their properties."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference_scores import instance_rows
from scenes import LIMITS, NUM_CLASSES, VOID, scenes

from smallobjects.metrics import instance_ious


def ours(prediction, semantic, instances, limits=LIMITS, num_classes=NUM_CLASSES):
    rows = instance_ious(prediction, semantic, instances, num_classes, size_limits=limits)
    return [row.tolist() for row in rows]


def instance(rows, k):
    return next(row for row in rows if row["class_id"] > 0 and row["instance_id"] == k)


@settings(max_examples=500, deadline=None)
@given(scenes())
def test_agrees_exactly_with_the_reference(scene):
    assert ours(*scene) == instance_rows(*scene, NUM_CLASSES, LIMITS)


@settings(max_examples=100, deadline=None)
@given(scenes(), st.sampled_from([np.fliplr, np.flipud, np.transpose]))
def test_does_not_depend_on_orientation(scene, turn):
    assert ours(*map(turn, scene)) == ours(*scene)


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_ids_are_only_names(scene):
    ids = [k for k in np.unique(scene.instances).tolist() if k not in (0, VOID)]
    renamed = np.where(scene.instances == VOID, VOID, 0).astype(np.uint16)
    for place, k in enumerate(ids):
        renamed[scene.instances == k] = 60000 + 3 * place
    after = ours(scene.prediction, scene.semantic, renamed)
    assert [r[:1] + r[2:] for r in after] == [r[:1] + r[2:] for r in ours(*scene)]


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_the_ground_truth_itself_is_perfect(scene):
    assume((scene.semantic != VOID).any())
    # Void is predicted as a class of its own, which touches nothing.
    perfect = np.where(scene.semantic == VOID, NUM_CLASSES, scene.semantic)
    rows = instance_ious(perfect, scene.semantic, scene.instances, NUM_CLASSES + 1)
    assert len(rows)
    assert (rows["iou"] == 1).all()


@settings(max_examples=100, deadline=None)
@given(scenes())
def test_no_pixel_is_charged_twice(scene):
    rows = instance_ious(*scene, NUM_CLASSES)
    valid = scene.instances != VOID
    for c in range(NUM_CLASSES):
        charged = rows["charged"][rows["class_id"] == c].sum()
        assert charged <= np.count_nonzero((scene.prediction == c) & valid)
    assert (rows["intersection"] <= rows["charged"]).all()
    assert (rows["intersection"] <= rows["area"]).all()


def test_spill_is_shared_in_proportion_and_rounded_down():
    # One component of 12 pixels over siblings of 3 and 4 pixels: 5 spilled pixels to share.
    instances = np.array([[1, 1, 1, 0, 0, 0, 0, 0, 2, 2, 2, 2]])
    semantic = (instances > 0).astype(np.uint8)
    rows = instance_ious(np.ones_like(semantic), semantic, instances, 2)
    assert instance(rows, 1)["charged"] == 3 + 5 * 3 // 7 == 5
    assert instance(rows, 2)["charged"] == 4 + 5 * 4 // 7 == 6
    assert instance(rows, 1)["iou"] == 3 / 5
    assert instance(rows, 2)["iou"] == 4 / 6


def test_the_share_of_each_component_is_rounded_on_its_own():
    # Two components, each with one spilled pixel for two siblings: half a pixel, twice.
    instances = np.array([[1, 2, 0], [0, 0, 0], [1, 2, 0]])
    prediction = np.array([[1, 1, 1], [0, 0, 0], [1, 1, 1]])
    rows = instance_ious(prediction, (instances > 0).astype(int), instances, 2)
    assert rows["charged"][1:].tolist() == [2, 2]


def test_shares_are_exact_integers():
    # 49 spilled pixels for siblings of 1 and 48: one pixel, where 49 * (1 / 49) is below 1.
    instances = np.array([[1, *[2] * 48, *[0] * 49]])
    rows = instance_ious(np.ones((1, 98), int), (instances > 0).astype(int), instances, 2)
    assert rows["charged"][1:].tolist() == [2, 96]


def test_siblings_never_pay_for_each_other():
    instances = np.array([[1, 2, 2, 2]])
    rows = instance_ious(np.ones((1, 4), int), np.ones((1, 4), int), instances, 2)
    assert rows["iou"].tolist() == [1, 1]


def test_spill_onto_another_class_is_charged():
    instances, semantic = np.array([[1, 1, 2, 2]]), np.array([[1, 1, 2, 2]])
    rows = instance_ious(np.array([[1, 1, 1, 2]]), semantic, instances, 3)
    assert instance(rows, 1)["iou"] == 2 / 3
    assert instance(rows, 2)["iou"] == 1 / 2


def test_void_connects_components_but_is_not_counted():
    # The component runs through void; only its 3 valid pixels count.
    instances = np.array([[1, 255, 255, 0, 0]])
    semantic = np.array([[1, 255, 255, 0, 0]])
    rows = instance_ious(np.array([[1, 1, 1, 1, 0]]), semantic, instances, 2)
    assert instance(rows, 1)["charged"] == 2
    assert instance(rows, 1)["iou"] == 1 / 2
    assert rows[0].tolist() == (0, 0, 2, "", 1, 1, 0.5)


def test_an_island_in_a_hole_is_charged_with_its_encloser():
    prediction = np.ones((5, 5), int)
    prediction[1:-1, 1:-1] = 0
    prediction[2, 2] = 1
    instances = np.zeros((5, 5), int)
    instances[0] = 1
    rows = instance_ious(prediction, (instances > 0).astype(int), instances, 2)
    assert instance(rows, 1)["charged"] == 17


def test_an_instance_that_nothing_touches_counts_as_zero():
    rows = instance_ious(np.zeros((2, 2), int), np.ones((2, 2), int), np.full((2, 2), 9), 2)
    assert rows.tolist() == [(1, 9, 4, "small", 0, 0, 0.0)]


def test_a_component_that_touches_nothing_costs_the_foreground_nothing():
    instances = np.array([[1, 0, 0]])
    rows = instance_ious(np.array([[1, 0, 1]]), np.array([[1, 0, 0]]), instances, 2)
    assert instance(rows, 1)["iou"] == 1
    assert rows[0]["iou"] == 1 / 2


def test_an_all_void_image_has_no_rows():
    void = np.full((3, 3), 255, np.uint8)
    assert len(instance_ious(np.zeros((3, 3), np.uint8), void, void, 2)) == 0


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_an_image_without_pixels_has_no_rows(shape):
    nothing = np.zeros(shape, np.uint8)
    assert len(instance_ious(nothing, nothing, nothing, 2)) == 0


def test_gaps_in_the_ids_change_nothing():
    instances = np.array([[0, 300, 0, 7]], np.uint16)
    semantic = np.array([[0, 1, 0, 1]], np.uint8)
    rows = instance_ious(semantic, semantic, instances, 2)
    assert rows["instance_id"].tolist() == [0, 7, 300]
    assert (rows["iou"] == 1).all()


@pytest.mark.parametrize(
    ("area", "size"),
    [(1023, "small"), (1024, "medium"), (9215, "medium"), (9216, "large")],
)
def test_size_limits(area, size):
    instances = np.zeros((100, 100), np.uint8)
    instances.ravel()[:area] = 1
    rows = instance_ious(instances, instances, instances, 2)
    assert rows[1]["size"] == size


def test_void_does_not_add_to_the_size():
    instances = np.ones((100, 100), np.uint8)
    instances[:, 50:] = 255
    rows = instance_ious(np.zeros_like(instances), instances, instances, 2)
    assert rows.tolist() == [(1, 1, 5000, "medium", 0, 0, 0.0)]


def test_void_pixels_of_the_class_mask_do_not_change_the_class():
    instances, semantic = np.full((1, 3), 5), np.array([[255, 2, 2]])
    assert instance_ious(np.zeros((1, 3), int), semantic, instances, 3).tolist() == [
        (2, 5, 3, "small", 0, 0, 0.0)
    ]


def test_where_no_class_is_predicted_is_missed():
    instances = np.array([[1, 1, 255, 0]])
    rows = instance_ious(np.array([[1, 255, 255, 255]]), instances, instances, 2)
    assert rows.tolist() == [(0, 0, 1, "", 0, 0, 0.0), (1, 1, 2, "small", 1, 1, 0.5)]


def test_another_ignore_index():
    instances = np.array([[254, 255, 1]])
    semantic = np.array([[254, 2, 1]])
    rows = instance_ious(np.array([[1, 2, 1]]), semantic, instances, 3, ignore_index=254)
    assert rows["instance_id"].tolist() == [1, 255]
    assert rows["iou"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("prediction", "semantic", "instances", "message"),
    [
        ([[9]], [[1]], [[1]], "prediction: class 9"),
        ([[254]], [[1]], [[1]], "prediction: class 254"),
        ([[0, 0]], [[1, 2]], [[9, 9]], "instance 9 has the classes 1, 2"),
        ([[0, 0, 0]], [[255, 0, 3]], [[9, 9, 9]], "instance 9 has the classes 0, 3"),
        ([[-1]], [[1]], [[1]], "prediction: class -1"),
        ([[0]], [[4]], [[1]], "class mask: class 4"),
        ([[0, 0]], [[1]], [[1]], "prediction: 1×2 pixels"),
        ([[0]], [[1, 1]], [[1]], "class mask: 1×2 pixels"),
        ([[0]], [[0]], [[3]], "instance 3 has no class"),
        ([[0]], [[255]], [[3]], "instance 3 has no class"),
        ([[0]], [[1]], [[65536]], "65536"),
        ([[0.0]], [[1]], [[1]], "integer"),
    ],
)
def test_refuses_what_cannot_be_scored(prediction, semantic, instances, message):
    with pytest.raises(ValueError, match=message):
        instance_ious(np.array(prediction), np.array(semantic), np.array(instances), 4)


def test_refuses_an_ignore_index_that_is_a_class():
    zeros = np.zeros((1, 1), int)
    with pytest.raises(ValueError, match="ignore_index 1"):
        instance_ious(zeros, zeros, zeros, 2, ignore_index=1)
