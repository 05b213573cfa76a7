"""CLIMS: its views and losses against values worked out one by one."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.clims.losses import (
    background_loss,
    cosines,
    matching_loss,
    remainder_loss,
    views,
)
from smallobjects.pseudo_labels.clims.training import batch_loss

SIZE = 6


class Channels:
    """A scorer whose image embedding is the mean of each colour, so all can be done by hand."""

    image_size = SIZE

    def encode_images(self, images):
        return images.mean(dim=(2, 3))


def test_values_by_hand():
    s = torch.tensor([0.5, 0.25])
    assert matching_loss(s).item() == pytest.approx((math.log(2) + math.log(4)) / 2)
    assert remainder_loss(s).item() == pytest.approx((math.log(2) - math.log(0.75)) / 2)
    table = torch.tensor([[0.3, 0.1], [0.25, 0.5], [0.26, -1.0]])
    by_hand = -math.log(0.7) - math.log(0.5)
    assert background_loss(table, 0.26, 16).item() == pytest.approx(by_hand)
    assert background_loss(table, 0.26, 8).item() == pytest.approx(2 * by_hand)
    assert background_loss(table, 0.6, 16).item() == 0


@pytest.mark.parametrize("value", [-1.0, -0.2, 0.0, 1e-6, 1.0])
def test_losses_and_gradients_are_finite_for_every_cosine(value):
    for loss in (matching_loss, remainder_loss, lambda s: background_loss(s[:, None], -1.0, 16)):
        s = torch.full((3,), value, requires_grad=True)
        result = loss(s)
        result.backward()
        assert torch.isfinite(result)
        assert torch.isfinite(s.grad).all()
    assert matching_loss(torch.tensor([value])).item() <= -math.log(1e-4) + 1e-3


def test_no_pairs_give_no_loss():
    none = torch.zeros(0)
    assert matching_loss(none).item() == remainder_loss(none).item() == 0
    assert background_loss(torch.zeros(0, 10), 0.26, 16).item() == 0
    assert background_loss(torch.zeros(3, 0), 0.26, 16).item() == 0


def test_cosines():
    images = torch.tensor([[3.0, 4.0], [-1.0, 0.0]])
    texts = torch.tensor([[1.0, 0.0], [0.0, 2.0], [6.0, 8.0]])
    expected = torch.tensor([[0.6, 0.8, 1.0], [-1.0, 0.0, -0.6]])
    assert torch.allclose(cosines(images, texts), expected)


def test_views_are_the_region_and_the_rest():
    torch.manual_seed(0)
    images, maps = torch.randn(2, 3, SIZE, SIZE), torch.rand(2, 4, SIZE, SIZE)
    present = torch.tensor([[0, 1], [1, 0], [1, 3]])
    objects, remainders = views(images, maps, present, SIZE)
    for row, (image, class_index) in enumerate(present.tolist()):
        for channel in range(3):
            region = maps[image, class_index]
            assert torch.allclose(objects[row, channel], region * images[image, channel])
            assert torch.allclose(remainders[row, channel], (1 - region) * images[image, channel])
    objects, remainders = views(images, torch.ones(2, 4, 2, 3), present, 9)
    assert objects.shape == (3, 3, 9, 9)
    assert remainders.abs().max() < 1e-6


def test_views_are_enlarged_with_aligned_corners():
    images = torch.ones(1, 3, 2, 2)
    maps = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
    objects, _ = views(images, maps, torch.tensor([[0, 0]]), 5)
    assert torch.allclose(objects[0, 0, 0], torch.tensor([0, 0.25, 0.5, 0.75, 1]))


def slow_loss(images, maps, targets, class_embeddings, background_embeddings, parameters):
    """The four terms, pair by pair and text by text; maps and images have the scorer's size."""

    def cosine(a, b):
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))

    def embedding(image, weights):
        return [
            sum(w * v for w, v in zip(weights, channel, strict=True)) / len(weights)
            for channel in image.flatten(1).tolist()
        ]

    def clamp(s):
        return min(max(s, 1e-4), 0.9999)

    matched, left, beside = [], [], []
    for n, row in enumerate(targets.tolist()):
        for k, present in enumerate(row):
            if not present:
                continue
            region = maps[n, k].flatten().tolist()
            own = class_embeddings[k].tolist()
            shown = embedding(images[n], region)
            rest = embedding(images[n], [1 - p for p in region])
            matched.append(-math.log(clamp(cosine(shown, own))))
            left.append(-math.log(1 - clamp(cosine(rest, own))))
            for text in background_embeddings.tolist():
                s = cosine(shown, text)
                if s > parameters.background_threshold:
                    beside.append(-math.log(1 - min(s, 0.9999)))
    mean = [sum(losses) / len(losses) for losses in (matched, left)]
    return (
        parameters.object_weight * mean[0]
        + parameters.remainder_weight * mean[1]
        + parameters.background_weight * sum(beside) * 16 / len(targets)
        + parameters.area_weight * sum(maps.flatten().tolist()) / maps.numel()
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_the_loss_of_a_batch_equals_a_slow_one(seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(3, 3, SIZE, SIZE, generator=generator).double() + 0.3
    maps = torch.rand(3, 5, SIZE, SIZE, generator=generator).double()
    targets = torch.zeros(3, 5)
    targets[1, 4] = targets[2, 0] = targets[2, 3] = 1
    texts = tuple(torch.rand(n, 3, generator=generator).double() for n in (5, 4))
    found = batch_loss(images, maps, targets, Channels(), texts, published("clims.clims"))
    expected = slow_loss(images, maps, targets, *texts, published("clims.clims"))
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_a_batch_without_classes_has_the_area_alone():
    maps = torch.rand(2, 80, 4, 4, requires_grad=True)
    texts = torch.rand(80, 3), torch.rand(0, 3)
    loss = batch_loss(
        torch.randn(2, 3, 8, 8),
        maps,
        torch.zeros(2, 80),
        Channels(),
        texts,
        published("clims.clims"),
    )
    assert loss.item() == pytest.approx(0.2 * maps.mean().item())
    loss.backward()
    assert (maps.grad > 0).all()


def test_gradients_raise_the_map_on_the_object_and_lower_it_beside():
    """A red object on a green ground; the class's text is red, the background's green."""
    image = torch.zeros(1, 3, SIZE, SIZE)
    image[0, 0, :, :3] = 1
    image[0, 1, :, 3:] = 1
    texts = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0, 1.0, 0]])
    for weights in ({"remainder_weight": 0, "background_weight": 0, "area_weight": 0}, {}):
        maps = torch.full((1, 1, SIZE, SIZE), 0.5, requires_grad=True)
        parameters = published("clims.clims", **weights)
        batch_loss(image, maps, torch.ones(1, 1), Channels(), texts, parameters).backward()
        assert (maps.grad[0, 0, :, :3] < 0).all()
        assert (maps.grad[0, 0, :, 3:] > 0).all()
