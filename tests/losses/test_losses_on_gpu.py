"""The losses on a GPU: what they give on the CPU."""

import pytest
import torch

from smallobjects.losses import (
    add_ewc_gradient,
    ewc_penalty,
    normalise_fisher,
    size_weights,
    update_fisher,
    weighted_cross_entropy,
)

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def _cuda():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")


def test_size_weights_come_back_to_the_device():
    labels = torch.randint(0, 4, (2, 40, 30))
    weights = size_weights(labels.cuda())
    assert weights.is_cuda
    assert torch.equal(weights.cpu(), size_weights(labels))


def test_loss_and_gradient():
    logits, labels = torch.randn(2, 4, 40, 30), torch.randint(0, 4, (2, 40, 30))
    labels[0, :3] = 255
    results = {}
    for device in ("cpu", "cuda"):
        given = logits.detach().to(device).requires_grad_()
        loss = weighted_cross_entropy(given, labels.to(device), size_weights(labels).to(device))
        loss.backward()
        results[device] = loss.item(), given.grad.cpu()
    assert results["cuda"][0] == pytest.approx(results["cpu"][0], rel=1e-5)
    torch.testing.assert_close(results["cuda"][1], results["cpu"][1], rtol=1e-4, atol=1e-7)


def test_ewc():
    gradient, parameter, anchor = (torch.randn(50, 3, 3) for _ in range(3))
    results = []
    for device in ("cpu", "cuda"):
        fisher = torch.ones_like(parameter).to(device)
        update_fisher(fisher, gradient.to(device), 0.9)
        importance = normalise_fisher(fisher)
        moved, held = parameter.to(device), anchor.to(device)
        added = gradient.to(device).clone()
        add_ewc_gradient(added, moved, held, importance, 30.0)
        penalty = ewc_penalty({"w": moved}, {"w": held}, {"w": importance}, 30.0)
        results.append((added.cpu(), penalty.cpu()))
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-4)
