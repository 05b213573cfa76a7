"""Size weights against a flood fill that anyone can check."""

import numpy as np
import pytest
import torch
from flood_fill import flood_fill_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import ndimage

from smallobjects.losses import size_weights, uniform_weights

label_maps = arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.sampled_from([0, 0, 1, 1, 2, 254, 255]),
)


@settings(max_examples=200, deadline=None)
@given(label_maps, st.sampled_from([0.5, 1.0, 2.5, 5.0, 100.0]))
def test_equals_a_flood_fill(labels, tau):
    weights = size_weights(labels, tau)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, flood_fill_weights(labels, tau))


@settings(max_examples=50, deadline=None)
@given(label_maps)
def test_maps_of_a_batch_do_not_touch(labels):
    batch = np.stack([labels, labels[::-1], np.zeros_like(labels)])
    expected = np.stack([size_weights(each) for each in batch])
    np.testing.assert_array_equal(size_weights(batch), expected)


@settings(max_examples=50, deadline=None)
@given(label_maps)
def test_tensors_of_any_integer_type_give_the_same(labels):
    expected = size_weights(labels)
    for dtype in (torch.uint8, torch.int32, torch.int64):
        weights = size_weights(torch.from_numpy(labels.astype(np.int64)).to(dtype))
        assert weights.dtype == torch.float32
        np.testing.assert_array_equal(weights.numpy(), expected)


def test_an_object_alone_weighs_1():
    labels = np.zeros((12, 9), np.uint8)
    labels[2:4, 3:8] = 7
    assert (size_weights(labels, tau=5) == 1).all()


def test_a_small_object_beside_a_large_one():
    labels = np.zeros((10, 10), np.uint8)
    labels[:6, :] = 1
    labels[8, :4] = 2
    labels[9, 9] = 1
    weights = size_weights(labels, tau=5)
    assert weights[0, 0] == pytest.approx(65 / 60)
    assert weights[8, 0] == weights[9, 9] == 5
    assert weights[7, 0] == 1


def test_corners_connect_classes_do_not():
    diagonal = np.array([[1, 0], [0, 1]], np.uint8)
    assert (size_weights(diagonal) == 1).all()
    touching = np.array([[1, 1, 1, 2]], np.uint8)
    np.testing.assert_allclose(size_weights(touching), [[4 / 3, 4 / 3, 4 / 3, 4]])


def test_ignored_pixels_take_no_part():
    labels = np.array([[3, 3, 255, 3, 0]], np.uint8)
    np.testing.assert_allclose(size_weights(labels), [[1.5, 1.5, 0, 3, 1]])
    assert (size_weights(np.full((4, 4), 255, np.uint8)) == 0).all()
    np.testing.assert_array_equal(size_weights(labels, ignore_index=3)[0, [0, 1, 3]], 0)


def test_an_object_in_a_hole_is_an_object_of_its_own():
    labels = np.zeros((9, 9), np.uint8)
    labels[:7, :7] = 1
    labels[2:5, 2:5] = 0
    labels[3, 3] = 1
    weights = size_weights(labels, tau=5)
    assert weights[3, 3] == 5
    assert weights[2, 2] == 1
    assert weights[0, 0] == pytest.approx(41 / 40)


@pytest.mark.parametrize("shape", [(4,), (1, 1, 2, 2)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="H×W"):
        size_weights(np.zeros(shape, np.uint8))


def test_refuses_a_tau_that_silences_objects():
    with pytest.raises(ValueError, match="tau = 0"):
        size_weights(np.zeros((2, 2), np.uint8), tau=0)


def test_uniform_weights_are_1_but_for_ignored_pixels():
    weights = uniform_weights(torch.tensor([[0, 1, 255]]))
    assert weights.tolist() == [[1, 1, 0]]


@pytest.mark.realdata
def test_real_masks_equal_scipys_components(realdata):
    masks = sorted(realdata.glob("VOCdevkit/**/SegmentationClass/*.png"))
    assert masks
    for path in masks[:8]:
        labels = np.array(Image.open(path))
        expected = np.where(labels == 255, 0.0, 1.0)
        foreground = ((labels > 0) & (labels < 255)).sum()
        for class_id in np.unique(labels[(labels > 0) & (labels < 255)]):
            components, count = ndimage.label(labels == class_id, np.ones((3, 3)))
            for component in range(1, count + 1):
                inside = components == component
                expected[inside] = min(5, foreground / inside.sum())
        np.testing.assert_array_equal(size_weights(labels), expected.astype(np.float32))
