"""Elastic weight consolidation around an optimizer's steps, against its formulas."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from smallobjects.losses import ewc_penalty, normalise_fisher
from smallobjects.segmentation.consolidation import EwcHook, check_stable
from smallobjects.segmentation.errors import SegmentationError

OPTIMISED = ["0.weight", "0.bias", "1.bias"]
SWITCH = 3


@pytest.fixture
def runner():
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(2, 2))
    model[1].weight.requires_grad_(False)
    stepped = [*model[0].parameters(), *model[1].parameters()]
    optimizer = torch.optim.SGD(stepped, lr=0.1, weight_decay=0.5)
    return SimpleNamespace(model=model, optim_wrapper=SimpleNamespace(optimizer=optimizer), iter=0)


@pytest.fixture
def hook(runner):
    hook = EwcHook(strength=15.0, start=SWITCH, log_interval=2)
    hook.before_train(runner)
    return hook


def step(runner, inputs):
    """One iteration in two micro-batches; returns the gradients that the loss gave."""
    runner.optim_wrapper.optimizer.zero_grad()
    for half in inputs:
        runner.model(half).square().mean().backward()
    gradients = {n: p.grad.clone() for n, p in runner.model.named_parameters() if n in OPTIMISED}
    runner.optim_wrapper.optimizer.step()
    runner.iter += 1
    return gradients


def parameters(runner):
    named = runner.model.named_parameters()
    return {name: each.detach().clone() for name, each in named if name in OPTIMISED}


def saved(hook):
    checkpoint = {}
    hook.before_save_checkpoint(None, checkpoint)
    return checkpoint


def to_the_switch(runner):
    for _ in range(SWITCH):
        step(runner, torch.randn(2, 5, 3))


def test_fisher_follows_the_gradients_of_each_step(runner, hook):
    expected = {}
    for _ in range(SWITCH):
        for name, gradient in step(runner, torch.randn(2, 5, 3)).items():
            expected[name] = 0.1 * expected.get(name, 1.0) + 0.9 * gradient**2
    assert saved(hook).keys() == {"fisher"}
    assert list(saved(hook)["fisher"]) == OPTIMISED
    for name in OPTIMISED:
        torch.testing.assert_close(saved(hook)["fisher"][name], expected[name])


def test_fisher_goes_on_from_a_checkpoint(runner):
    hook = EwcHook(strength=15.0, start=SWITCH)
    hook.after_load_checkpoint(
        runner, {"fisher": {"0.weight": torch.full((4, 3), 2.0), "other": torch.ones(1)}}
    )
    hook.before_train(runner)
    gradient = step(runner, torch.randn(2, 5, 3))["0.weight"]
    torch.testing.assert_close(saved(hook)["fisher"]["0.weight"], 0.2 + 0.9 * gradient**2)


def test_at_the_switch_the_parameters_become_the_anchors(runner, hook):
    to_the_switch(runner)
    before, fisher = parameters(runner), saved(hook)["fisher"]
    step(runner, torch.randn(2, 5, 3))
    for name in OPTIMISED:
        assert torch.equal(saved(hook)["ewc_anchors"][name], before[name])
        assert torch.equal(saved(hook)["fisher"][name], normalise_fisher(fisher[name]))


def test_the_optimizer_steps_with_the_gradient_of_loss_and_penalty(runner, hook):
    to_the_switch(runner)
    step(runner, torch.randn(2, 5, 3))
    anchors, importance = saved(hook)["ewc_anchors"], saved(hook)["fisher"]
    before = parameters(runner)

    inputs = torch.randn(2, 5, 3)
    named = dict(runner.model.named_parameters())
    loss = sum(runner.model(half).square().mean() for half in inputs)
    penalty = ewc_penalty(named, anchors, importance, 15.0)
    assert penalty > 0
    expected = torch.autograd.grad(loss + penalty, [named[name] for name in OPTIMISED])

    step(runner, inputs)
    for name, gradient in zip(OPTIMISED, expected, strict=True):
        stepped = before[name] - 0.1 * (gradient + 0.5 * before[name])
        torch.testing.assert_close(named[name].detach(), stepped)

    outputs = {}
    runner.iter = 4
    hook.after_train_iter(runner, 0, outputs=outputs)
    assert outputs == {}
    runner.iter = 5
    hook.after_train_iter(runner, 0, outputs=outputs)
    expected = ewc_penalty(named, anchors, importance, 15.0)
    torch.testing.assert_close(outputs["ewc_penalty"], expected.detach())


def test_the_penalty_is_not_0_while_parameters_have_moved(runner, hook):
    """The error of the authors' released program, in which names never match."""
    to_the_switch(runner)
    for _ in range(2):
        step(runner, torch.randn(2, 5, 3))
    moved = parameters(runner)
    assert all(not torch.equal(moved[name], saved(hook)["ewc_anchors"][name]) for name in OPTIMISED)
    outputs = {}
    hook.after_train_iter(runner, 0, outputs=outputs)
    assert outputs["ewc_penalty"] > 0


def test_names_are_the_networks_own_whatever_wraps_it(runner):
    from mmengine.model.wrappers import MMDistributedDataParallel

    wrapper = MMDistributedDataParallel.__new__(MMDistributedDataParallel)
    nn.Module.__init__(wrapper)
    wrapper.module = runner.model
    runner.model = wrapper
    hook = EwcHook(strength=15.0, start=SWITCH)
    hook.before_train(runner)
    assert list(saved(hook)["fisher"]) == OPTIMISED


def distance_of_200_steps(runner, hook, strength):
    """How far the parameters are from θ* after steps on one batch, with F = 1 everywhere."""
    anchors = parameters(runner)
    ones = {name: torch.ones_like(each) for name, each in anchors.items()}
    hook._ewc.load_state_dict({"fisher": ones, "anchors": anchors})
    hook._ewc.strength = strength
    runner.optim_wrapper.optimizer.param_groups[0]["lr"] = 1e-6
    inputs = torch.randn(2, 5, 3)
    for _ in range(200):
        step(runner, inputs)
    moved = parameters(runner)
    return max((moved[name] - each).abs().max() for name, each in anchors.items())


def test_with_a_huge_strength_the_parameters_stay(runner, hook):
    to_the_switch(runner)
    held = distance_of_200_steps(runner, hook, strength=1e6)
    free = distance_of_200_steps(runner, hook, strength=0.0)
    # What is left is the one step between two pulls.
    assert 0 < held < free / 50


def test_it_goes_on_after_the_switch(runner, hook):
    to_the_switch(runner)
    step(runner, torch.randn(2, 5, 3))
    again = EwcHook(strength=15.0, start=SWITCH)
    again.after_load_checkpoint(runner, saved(hook))
    again.before_train(runner)
    for key in ("fisher", "ewc_anchors"):
        for name in OPTIMISED:
            assert torch.equal(saved(again)[key][name], saved(hook)[key][name])


def test_a_checkpoint_without_fisher_is_refused_after_the_switch(runner):
    hook = EwcHook(strength=15.0, start=SWITCH)
    hook.after_load_checkpoint(runner, {"meta": {}})
    runner.iter = SWITCH
    with pytest.raises(SegmentationError, match="no Fisher information"):
        hook.before_train(runner)


def test_there_is_something_to_hold_on_to():
    EwcHook(strength=15.0, start=1)
    with pytest.raises(ValueError, match="start = 0"):
        EwcHook(strength=15.0, start=0)


def test_the_penalty_is_shown_every_hundredth_iteration(runner):
    hook = EwcHook(strength=15.0, start=SWITCH)
    hook.before_train(runner)
    to_the_switch(runner)
    step(runner, torch.randn(2, 5, 3))
    shown = []
    for runner.iter in range(250):
        outputs = {}
        hook.after_train_iter(runner, 0, outputs=outputs)
        shown += [runner.iter] * bool(outputs)
    assert shown == [99, 199]


def test_what_a_checkpoint_holds_becomes_of_the_parameters_kind(runner):
    runner.model.double()
    hook = EwcHook(strength=15.0, start=SWITCH)
    single = {name: each.float() for name, each in parameters(runner).items()}
    hook.after_load_checkpoint(runner, {"fisher": single, "ewc_anchors": single})
    hook.before_train(runner)
    for key in ("fisher", "ewc_anchors"):
        assert {each.dtype for each in saved(hook)[key].values()} == {torch.float64}


@pytest.mark.parametrize(("momentum", "limit"), [(0.0, 2.0), (0.9, 3.8)])
def test_a_strength_that_overshoots_is_refused(runner, momentum, limit):
    optimizer = torch.optim.SGD(runner.model.parameters(), lr=0.125, momentum=momentum)
    check_stable(optimizer, limit / 0.125 - 0.01)
    with pytest.raises(SegmentationError, match=f"below {limit:g}; take less than {8 * limit:g},"):
        check_stable(optimizer, limit / 0.125)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("share", "grows"), [(0.98, False), (1.02, True)])
def test_the_largest_stable_strength_is_where_descent_turns_over(momentum, share, grows):
    """Descent on λ/2 · θ², whose F is 1."""
    rate = 0.1
    strength = share * 2 * (1 + momentum) / rate
    theta = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=rate, momentum=momentum)
    for _ in range(2000):
        optimizer.zero_grad()
        (strength / 2 * theta.square()).sum().backward()
        optimizer.step()
    assert bool(theta.abs() > 1) == grows


def test_the_switch_refuses_a_strength_that_overshoots(runner):
    hook = EwcHook(strength=25.0, start=SWITCH)
    hook.before_train(runner)
    with pytest.raises(SegmentationError, match="take less than 20"):
        for _ in range(SWITCH + 1):
            step(runner, torch.randn(2, 5, 3))
