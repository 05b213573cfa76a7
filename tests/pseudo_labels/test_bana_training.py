"""BANA's samples and the optimiser of its classifier."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.bana.network import BoxClassifier
from smallobjects.pseudo_labels.bana.samples import (
    BoxedSample,
    background_of_crop,
    cropped_boxes,
    jitter_colours,
)
from smallobjects.pseudo_labels.bana.training import optimiser
from smallobjects.pseudo_labels.training.sampling import stack_padded
from smallobjects.pseudo_labels.training.schedules import step_factor

GREY = np.array([110, 110, 110])


@given(st.integers(0, 10**6))
def test_boxes_of_a_crop_are_those_that_show(seed):
    generator = np.random.default_rng(seed)
    corner = tuple(generator.integers(-10, 20, 2).tolist())
    x0, y0 = generator.uniform(0, 30, 2)
    boxes = np.array([[2, x0, y0, x0 + generator.uniform(0.5, 20), y0 + 5]])
    found = cropped_boxes(boxes, corner, 16)
    expected = [
        min(max(value - corner[1 - k % 2], 0), 16) for k, value in enumerate(boxes[0, 1:].tolist())
    ]
    if expected[0] < expected[2] and expected[1] < expected[3]:
        assert found[0].tolist() == pytest.approx([2, *expected], abs=1e-4)
    else:
        assert len(found) == 0


def test_padding_is_no_background():
    boxes = np.array([[1, 3.5, 2.0, 5.2, 4.0]])
    background = background_of_crop(boxes, (-2, -3), 10, (6, 5))
    expected = np.zeros((10, 10))
    expected[2:8, 3:8] = 1
    expected[2:4, 3:6] = 0
    assert np.array_equal(background, expected)


@pytest.mark.parametrize("image_id", ["2007_000002", "wide", "grey", "empty"])
def test_boxes_follow_their_objects(squares, image_id):
    """Objects are coloured squares on grey ground: after any augmentation the boxes frame them."""
    parameters = published(
        "bana.box_classifier", network="tiny", crop_size=48, rescale=(0.7, 1.4), colour_jitter=0.0
    )
    sample = BoxedSample(squares, parameters)
    framed = 0
    for seed in range(16):
        image, boxes, background = sample(image_id, np.random.default_rng(seed))
        assert image.shape == (3, 48, 48)
        assert background.shape == (48, 48)
        assert set(boxes[:, 0]) <= set(squares.image_classes.get(image_id, ()))
        deviation = np.abs(image - np.median(image[:, background > 0], axis=1)[:, None, None])
        coloured = deviation.max(axis=0) > 1.0
        for _, x0, y0, x1, y1 in boxes:
            inner = coloured[int(np.ceil(y0)) + 2 : int(y1) - 2, int(np.ceil(x0)) + 2 : int(x1) - 2]
            if inner.size > 9 and image_id != "grey":
                assert inner.mean() > 0.7
                framed += 1
        if image_id != "grey":
            assert (coloured & (background > 0)).mean() < 0.05
    assert framed > 0 or image_id in ("grey", "empty")


def test_colours_are_jittered_within_the_strength():
    image = np.full((4, 5, 3), GREY, dtype=np.uint8)
    assert np.array_equal(jitter_colours(image, 0.0, np.random.default_rng(0)), image)
    changed = [jitter_colours(image, 0.5, np.random.default_rng(s))[0, 0, 0] for s in range(30)]
    assert min(changed) >= 54
    assert max(changed) <= 166
    assert len(set(changed)) > 10


def test_biases_and_the_head_learn_faster():
    classifier = BoxClassifier("vgg16_fc", 3)
    weights, biases, head = optimiser(classifier, published("bana.box_classifier")).param_groups
    assert (weights["lr"], biases["lr"], head["lr"]) == (0.001, 0.002, 0.01)
    assert (weights["weight_decay"], biases["weight_decay"]) == (5e-4, 0)
    assert len(weights["params"]) == len(biases["params"]) == 15
    assert [tuple(value.shape) for value in head["params"]] == [(3, 1024)]
    logits, targets = classifier(
        torch.randn(1, 3, 33, 41),
        torch.tensor([[[1.0, 4.0, 4.0, 30.0, 30.0]]]),
        torch.ones(1, 33, 41),
        cells=4,
        bins=2,
        least_background=0.125,
    )
    assert torch.isfinite(logits).all()
    assert targets[:4].tolist() == [1, 1, 1, 1]


def test_steps():
    assert [step_factor(step, (3, 5)) for step in (0, 2, 3, 4, 5, 9)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_arrays_of_different_sizes_are_filled_up():
    samples = [(np.ones((2, 3)), np.ones(1)), (np.ones((4, 1)), np.ones(2))]
    first, second = stack_padded(samples)
    assert first.shape == (2, 4, 3)
    assert first.sum(dim=(1, 2)).tolist() == [6, 4]
    assert second.tolist() == [[1, 0], [1, 1]]
