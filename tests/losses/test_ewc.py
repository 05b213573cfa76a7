"""Elastic weight consolidation against autograd and loops."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from smallobjects.losses import add_ewc_gradient, ewc_penalty, normalise_fisher, update_fisher


@pytest.fixture
def network():
    generator = torch.Generator().manual_seed(1)
    shapes = {"conv": (3, 2, 3, 3), "bias": (3,), "scale": (1,)}

    def draw(shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    parameters = {name: draw(shape).requires_grad_() for name, shape in shapes.items()}
    anchors = {name: draw(shape) for name, shape in shapes.items()}
    importance = {name: draw(shape).abs() for name, shape in shapes.items()}
    return parameters, anchors, importance


def test_the_penalty_equals_loops(network):
    parameters, anchors, importance = network
    total = 0.0
    for name, parameter in parameters.items():
        for index in np.ndindex(*parameter.shape):
            change = float(parameter[index]) - float(anchors[name][index])
            total += 500 / 2 * float(importance[name][index]) * change**2
    penalty = ewc_penalty(parameters, anchors, importance, 500)
    assert float(penalty) == pytest.approx(total, rel=1e-12)


def test_the_gradient_is_that_of_the_penalty(network):
    parameters, anchors, importance = network
    ewc_penalty(parameters, anchors, importance, 3.0).backward()
    for name, parameter in parameters.items():
        before = torch.full_like(parameter, 0.25)
        gradient = before.clone()
        add_ewc_gradient(gradient, parameter.detach(), anchors[name], importance[name], 3.0)
        torch.testing.assert_close(gradient - before, parameter.grad)


def test_at_the_anchor_nothing_pulls(network):
    parameters, _, importance = network
    assert ewc_penalty(parameters, parameters, importance, 500) == 0
    gradient = torch.zeros_like(parameters["conv"])
    anchor = parameters["conv"].detach()
    add_ewc_gradient(gradient, anchor, anchor, importance["conv"], 500)
    assert (gradient == 0).all()


def test_parameters_without_importance_are_free(network):
    parameters, anchors, importance = network
    both = ewc_penalty(parameters, anchors, importance, 2)
    one = ewc_penalty(parameters, anchors, {"conv": importance["conv"]}, 2)
    assert 0 < one < both


def test_fisher_is_the_running_average_from_1():
    gradients = np.random.default_rng(0).normal(size=(6, 4))
    fisher = torch.ones(4, dtype=torch.float64)
    for gradient in gradients:
        update_fisher(fisher, torch.from_numpy(gradient), 0.9)
    expected = [0.1**6 + sum(0.9 * 0.1 ** (5 - t) * g[i] ** 2 for t, g in enumerate(gradients))
                for i in range(4)]  # fmt: skip
    np.testing.assert_allclose(fisher.numpy(), expected, rtol=1e-12)


def test_fisher_is_scaled_by_its_minimum_and_maximum():
    scaled = normalise_fisher(torch.tensor([[2.0, 4.0], [3.0, 6.0]]))
    torch.testing.assert_close(scaled, torch.tensor([[0.0, 0.5], [0.25, 1.0]]))


@pytest.mark.parametrize("constant", [torch.ones(3), torch.zeros(2, 2), torch.tensor([7.0])])
def test_constant_fisher_becomes_0(constant):
    assert (normalise_fisher(constant) == 0).all()


def test_the_parameters_next_door_start_without_torch():
    code = "import sys, smallobjects.losses.parameters; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
