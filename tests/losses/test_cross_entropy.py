"""Weighted cross-entropy against loops."""

import math

import pytest
import torch
import torch.nn.functional as F

from smallobjects.losses import uniform_weights, weighted_cross_entropy


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 4, 3, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 4, (2, 3, 5), generator=generator)
    labels[0, 1] = 255
    weights = torch.rand(2, 3, 5, generator=generator, dtype=torch.float64)
    weights[labels == 255] = 0
    return logits, labels, weights


def test_equals_loops(batch):
    logits, labels, weights = batch
    total = weight_sum = 0.0
    for n in range(2):
        for row in range(3):
            for column in range(5):
                if labels[n, row, column] == 255:
                    continue
                scores = logits[n, :, row, column].tolist()
                log_sum = math.log(sum(math.exp(score) for score in scores))
                weight = float(weights[n, row, column])
                total += weight * (log_sum - scores[labels[n, row, column]])
                weight_sum += weight
    loss = weighted_cross_entropy(logits, labels, weights)
    assert float(loss) == pytest.approx(total / weight_sum, rel=1e-12)


def test_uniform_weights_give_the_mean_over_pixels_that_count(batch):
    logits, labels, _ = batch
    loss = weighted_cross_entropy(logits, labels, uniform_weights(labels).double())
    expected = F.cross_entropy(logits, labels, ignore_index=255)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)


def test_the_scale_of_the_weights_does_not_matter(batch):
    logits, labels, weights = batch
    loss = weighted_cross_entropy(logits, labels, weights)
    torch.testing.assert_close(weighted_cross_entropy(logits, labels, 7 * weights), loss)


def test_parts_of_a_batch_add_up_to_the_whole(batch):
    logits, labels, weights = batch
    whole = weighted_cross_entropy(logits, labels, weights)
    parts = [
        weighted_cross_entropy(logits[[n]], labels[[n]], weights[[n]], total=weights.sum())
        for n in range(2)
    ]
    torch.testing.assert_close(sum(parts), whole)


def test_gradients_are_exact(batch):
    logits, labels, weights = batch
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: weighted_cross_entropy(x, labels, weights), logits)


def test_nothing_but_ignored_pixels_is_0_without_nan():
    logits = torch.randn(1, 3, 2, 2, requires_grad=True)
    labels = torch.full((1, 2, 2), 255)
    loss = weighted_cross_entropy(logits, labels, uniform_weights(labels))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()
