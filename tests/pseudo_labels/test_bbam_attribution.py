"""BBAM's objective, proposals and batches against loops over objects and proposals."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published
from tiny_detector import TINY
from torch.nn import functional

from smallobjects.pseudo_labels.bbam.attribution import (
    AttributionTarget,
    initial_mask,
    mask_stride,
    objective,
    optimise_masks,
    total_variation,
)
from smallobjects.pseudo_labels.bbam.detector import Detector
from smallobjects.pseudo_labels.bbam.proposals import choose_proposals, jittered_boxes
from smallobjects.pseudo_labels.bbam.shard import shard_attributions, targets_of_image
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes, BoxedObject

CPU = torch.device("cpu")
FEW = published(
    "bbam.attribution",
    short_side=32,
    longest_side=96,
    jittered=12,
    overlaps=(0.3,),
    proposals=4,
    stride_base=4,
    stride_slope=8,
    steps=5,
    learning_rate=0.1,
    objects_per_batch=3,
)


@pytest.fixture(scope="module")
def detector():
    """Random weights: what is tested holds for any."""
    torch.manual_seed(0)
    return Detector(TINY, 4).eval().requires_grad_(False)


def make_targets(detector, generator, shape=(30, 41), filled=(32, 64)):
    targets = []
    for class_id, count, grid in ((1, 3, (4, 5)), (3, 1, (2, 3)), (1, 2, (6, 6))):
        image = torch.zeros(3, *filled)
        image[:, : shape[0], : shape[1]] = torch.from_numpy(generator.normal(size=(3, *shape)))
        box = np.array([4.0, 5.0, 30.0, 25.0])
        boxes = torch.from_numpy(jittered_boxes(box, shape, count, 0.3, generator))
        logits, regressions = detector.classify(image[None], [boxes])
        initial = torch.from_numpy(generator.uniform(0.1, 0.9, grid)).float()
        targets.append(
            AttributionTarget(
                image,
                shape,
                class_id,
                boxes,
                regressions[:, class_id],
                logits.softmax(1)[:, class_id],
                initial,
            )
        )
    return targets


def slow_objective(detector, target, mask, parameters):
    """One object, proposal by proposal, difference by difference."""
    height, width = target.shape
    full = functional.interpolate(
        mask[None, None], (height, width), mode="bilinear", align_corners=True
    )[0, 0]
    image = torch.zeros_like(target.image)
    image[:, :height, :width] = target.image[:, :height, :width] * full
    total = 0.0
    for number, box in enumerate(target.boxes):
        logits, regressions = detector.classify(image[None], [box[None]])
        probability = logits[0].exp()[target.class_id] / logits[0].exp().sum()
        difference = regressions[0, target.class_id] - target.regressions[number]
        total = total + sum(abs(value) for value in difference) / 4 / 2
        total = total + abs(probability - target.probabilities[number]) / 2
    total = total / len(target.boxes)
    area = sum(abs(value) for value in mask.flatten())
    return (
        total + parameters.area_weight * area + parameters.variation_weight * slow_variation(mask)
    )


def slow_variation(mask, power=3):
    """Over all ordered pairs of diagonal neighbours, and all unordered ones beside each other."""
    height, width = mask.shape
    total = 0.0
    for y in range(height):
        for x in range(width):
            for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    total = total + abs(mask[y, x] - mask[y + dy, x + dx]) ** power
    return total


def test_objective_and_its_gradient(detector):
    targets = make_targets(detector, np.random.default_rng(0))
    parameters = published("bbam.attribution", variation_weight=0.01)
    masks = [target.initial.clone().requires_grad_() for target in targets]
    values = objective(detector, targets, masks, parameters)
    values.sum().backward()
    for target, mask, value in zip(targets, masks, values, strict=True):
        alone = target.initial.clone().requires_grad_()
        expected = slow_objective(detector, target, alone, parameters)
        expected.backward()
        assert torch.allclose(value, expected, atol=1e-6)
        assert torch.allclose(mask.grad, alone.grad, atol=1e-6)
        assert alone.grad.abs().max() > 1e-4


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_total_variation(height, width, seed):
    mask = torch.from_numpy(np.random.default_rng(seed).random((height, width)))
    assert float(total_variation(mask, 3)) == pytest.approx(float(slow_variation(mask)))


def test_objects_optimised_together_come_out_as_alone(detector):
    targets = make_targets(detector, np.random.default_rng(1))
    together = optimise_masks(detector, targets, FEW)
    for target, mask in zip(targets, together, strict=True):
        [alone] = optimise_masks(detector, [target], FEW)
        assert torch.allclose(mask, alone, atol=1e-4)
        assert mask.min() >= 0
        assert mask.max() <= 1
        assert (mask - target.initial).abs().max() > 0.05


def test_the_objective_falls(detector):
    targets = make_targets(detector, np.random.default_rng(2))
    parameters = FEW.model_copy(update={"steps": 40, "learning_rate": 0.02})
    before = objective(detector, targets, [target.initial for target in targets], parameters)
    masks = optimise_masks(detector, targets, parameters)
    assert (objective(detector, targets, masks, parameters) < before).all()


def test_stride_grows_with_the_box():
    assert mask_stride(0, 100, 16, 48) == 16
    assert mask_stride(25, 100, 16, 48) == 40
    assert mask_stride(100, 100, 16, 48) == 64


def test_initial_mask_is_the_union_of_boxes_in_whole_cells():
    boxes = torch.tensor([[-7.0, 10.0, 21.0, 29.9], [39.0, 0.0, 200.0, 20.0]])
    mask = initial_mask(boxes, (45, 63), 10.0)
    expected = torch.zeros(4, 6)
    expected[1:2, 0:2] = 1
    expected[0:2, 3:6] = 1
    assert torch.equal(mask, expected)
    assert initial_mask(boxes[:1], (5, 5), 10.0).shape == (1, 1)


@given(st.integers(0, 10**6))
def test_jittered_boxes_lie_around_the_box_and_in_the_image(seed):
    generator = np.random.default_rng(seed)
    box = np.array([3.0, 8.0, 23.0, 18.0])
    boxes = jittered_boxes(box, (20, 25), 50, 0.3, generator)
    assert (np.abs(boxes - box) <= np.array([6, 3, 6, 3]) + 1e-4).all()
    assert (boxes[:, 2:] - boxes[:, :2] >= [8 - 1e-4, 4 - 1e-4]).all()
    assert boxes.min() >= 0
    assert (boxes[:, 2] <= 25).all()
    assert (boxes[:, 3] <= 20).all()
    assert len(np.unique(boxes[:, 0])) > 1


@pytest.mark.parametrize(
    ("overlaps", "expected"),
    [((0.8, 0.5, 0.2), [0, 1, 4]), ((0.8,), [1]), ((0.8, 0.5), [1, 4]), ((0.99,), [])],
)
def test_boxes_are_chosen_by_class_and_overlap_in_their_order(overlaps, expected):
    """Thresholds are lowered until there are more than two boxes; two would do to stop at three."""
    parameters = published("bbam.attribution", overlaps=overlaps, proposals=3)
    box = torch.tensor([0.0, 0.0, 10.0, 10.0])
    shares = [0.4, 0.9, 1.0, 0.1, 0.6]
    regressed = torch.tensor([[0.0, 0.0, 10.0, 10.0 * share] for share in shares])
    logits = torch.tensor([[0, 1.0, 0], [0, 2, 1], [0, 1, 2], [0, 1, 0], [0, 1, 0]])
    assert choose_proposals(logits, regressed, 1, box, parameters).tolist() == expected


def test_enough_boxes_at_a_high_overlap_are_cut_to_the_first():
    parameters = published("bbam.attribution", overlaps=(0.5, 0.1), proposals=2)
    regressed = torch.tensor([[0.0, 0.0, 10.0, 10.0 * share] for share in (0.2, 0.9, 0.8, 0.7)])
    logits = torch.tensor([[0.0, 1.0]] * 4)
    box = torch.tensor([0.0, 0.0, 10.0, 10.0])
    assert choose_proposals(logits, regressed, 1, box, parameters).tolist() == [1, 2]


def test_objects_of_an_image_are_told_apart(detector):
    generator = np.random.default_rng(4)
    image = generator.integers(0, 256, (30, 44, 3)).astype(np.uint8)
    objects = (BoxedObject(0, 1, 2, 3, 25, 28), BoxedObject(1, 2, 20, 0, 44, 20))
    parameters = FEW.model_copy(update={"overlaps": (0.0,)})

    def ask(chosen):
        generators = [np.random.default_rng(item.object_id) for item in chosen]
        return targets_of_image(detector, image, chosen, parameters, generators, CPU)

    both, alone = ask(objects), [ask((item,))[0] for item in objects]
    for one, other in zip(both, alone, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert torch.equal(one.boxes, other.boxes)
            assert torch.allclose(one.regressions, other.regressions, atol=1e-5)
            assert torch.allclose(one.probabilities, other.probabilities, atol=1e-5)


class Seeing(Detector):
    """A detector that takes every box for what it was told."""

    def read(self, features, boxes, images):
        logits, regressions = super().read(features, boxes, images)
        favoured = torch.zeros_like(logits)
        favoured[:, 3] = 5
        return logits + favoured, regressions


def test_every_object_of_a_shard_gets_one_mask_in_any_batches(squares):
    torch.manual_seed(1)
    detector = Seeing(TINY, 4).eval().requires_grad_(False)
    ids = squares.split("train")
    boxes = AnnotatedBoxes(squares)
    shapes = {image_id: squares.read_image(image_id).shape[:2] for image_id in ids}
    expected = {(i, item.object_id) for i in ids for item in boxes.of(i, shapes[i])}

    def run(image_ids, objects_per_batch):
        parameters = FEW.model_copy(update={"objects_per_batch": objects_per_batch})
        found = list(
            shard_attributions(squares, image_ids, detector, parameters, seed=2, device=CPU)
        )
        assert len({name[:2] for name in found}) == len(found)
        return {(image_id, number): mask for image_id, number, mask in found}

    whole = run(ids, 4)
    assert set(whole) == expected
    parts = {**run(ids[:5], 1), **run(ids[5:], 1)}
    seen = {name for name, mask in whole.items() if mask.size}
    assert {name for name, mask in parts.items() if mask.size} == seen
    assert {name[0] for name in seen} >= {"wide", "grey"}
    for name in seen:
        assert np.allclose(whole[name], parts[name], atol=1e-3), name


class Overshooting(Seeing):
    """A detector that regresses every box to one far beyond the image on all sides."""

    def regressed(self, regressions, boxes):
        return torch.tensor([-500.0, -500, 900, 900]).expand(*regressions.shape)


def test_a_regressed_box_is_compared_where_the_image_ends():
    """An object over the whole image is seen from boxes that are regressed beyond its border."""
    torch.manual_seed(1)
    detector = Overshooting(TINY, 4).eval().requires_grad_(False)
    image = np.full((32, 48, 3), 120, dtype=np.uint8)
    parameters = FEW.model_copy(update={"overlaps": (0.95,)})

    def target_of(*corners):
        item = BoxedObject(0, 3, *corners)
        generators = [np.random.default_rng(0)]
        return targets_of_image(detector, image, (item,), parameters, generators, CPU)[0]

    whole = target_of(0, 0, 48, 32)
    assert whole is not None
    assert len(whole.boxes) > 0
    assert target_of(0, 0, 24, 32) is None
