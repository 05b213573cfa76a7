"""The hooks around an optimizer's step, the checkpoints and the random state, one by one."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from smallobjects.losses import ewc_penalty, normalise_fisher
from smallobjects.segmentation.checkpointing import AtomicCheckpointHook, load, save
from smallobjects.segmentation.consolidation import EwcHook, FisherHook
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.random_state import RandomStateHook


@pytest.fixture
def runner(tmp_path):
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(2, 2))
    model[1].weight.requires_grad_(False)
    stepped = [*model[0].parameters(), *model[1].parameters()]
    optimizer = torch.optim.SGD(stepped, lr=0.1, weight_decay=0.5)
    return SimpleNamespace(
        model=model,
        optim_wrapper=SimpleNamespace(optimizer=optimizer),
        work_dir=str(tmp_path),
        max_iters=7,
    )


OPTIMISED = ["0.weight", "0.bias", "1.bias"]


def step(runner, inputs):
    """One optimizer step in two micro-batches; returns the gradients that the loss gave."""
    runner.optim_wrapper.optimizer.zero_grad()
    for half in inputs:
        runner.model(half).square().mean().backward()
    gradients = {n: p.grad.clone() for n, p in runner.model.named_parameters() if n in OPTIMISED}
    runner.optim_wrapper.optimizer.step()
    return gradients


def test_fisher_follows_the_gradients_of_each_step(runner):
    hook = FisherHook(decay=0.9)
    hook.before_train(runner)
    expected = {}
    for _ in range(3):
        for name, gradient in step(runner, torch.randn(2, 5, 3)).items():
            expected[name] = 0.1 * expected.get(name, 1.0) + 0.9 * gradient**2
    checkpoint = {}
    hook.before_save_checkpoint(runner, checkpoint)
    assert list(checkpoint["fisher"]) == OPTIMISED
    for name in OPTIMISED:
        torch.testing.assert_close(checkpoint["fisher"][name], expected[name])


def test_fisher_goes_on_from_a_checkpoint(runner):
    hook = FisherHook(decay=0.9)
    hook.after_load_checkpoint(
        runner, {"fisher": {"0.weight": torch.full((4, 3), 2.0), "other": torch.ones(1)}}
    )
    hook.before_train(runner)
    gradient = step(runner, torch.randn(2, 5, 3))["0.weight"]
    checkpoint = {}
    hook.before_save_checkpoint(runner, checkpoint)
    torch.testing.assert_close(checkpoint["fisher"]["0.weight"], 0.2 + 0.9 * gradient**2)


def test_the_optimizer_steps_with_the_gradient_of_loss_and_penalty(runner, tmp_path):
    anchors = {name: torch.randn_like(p) for name, p in runner.model.named_parameters()}
    fisher = {name: torch.rand_like(anchors[name]) for name in OPTIMISED}
    shared = tmp_path / "shared.pth"
    save({"meta": {}, "state_dict": anchors, "fisher": fisher}, shared)
    hook = EwcHook(strength=30.0, shared=str(shared), log_interval=2)
    hook.before_train(runner)

    inputs = torch.randn(2, 5, 3)
    parameters = dict(runner.model.named_parameters())
    before = {name: parameters[name].detach().clone() for name in OPTIMISED}
    importance = {name: normalise_fisher(each) for name, each in fisher.items()}
    loss = sum(runner.model(half).square().mean() for half in inputs)
    loss = loss + ewc_penalty(parameters, anchors, importance, 30.0)
    expected = torch.autograd.grad(loss, [parameters[name] for name in OPTIMISED])

    step(runner, inputs)
    for name, gradient in zip(OPTIMISED, expected, strict=True):
        stepped = before[name] - 0.1 * (gradient + 0.5 * before[name])
        torch.testing.assert_close(parameters[name].detach(), stepped)

    outputs = {}
    hook.after_train_iter(runner, 0, outputs=outputs)
    assert outputs == {}
    hook.after_train_iter(runner, 1, outputs=outputs)
    expected = ewc_penalty(parameters, anchors, importance, 30.0)
    torch.testing.assert_close(outputs["ewc_penalty"], expected.detach())


def test_checkpoints_are_kept_two_at_a_time_and_at_the_end(runner, tmp_path):
    hook = AtomicCheckpointHook(interval=2)
    seen = []

    def save_checkpoint(folder, name, by_epoch):
        seen.append(sorted(path.name for path in tmp_path.glob("iter_*")))
        (tmp_path / name).write_text(name)

    runner.save_checkpoint = save_checkpoint
    for iteration in range(7):
        hook.after_train_iter(runner, iteration)
    # Never fewer than the two whole ones while the next is written.
    assert seen == [[], ["iter_2.pth"], ["iter_2.pth", "iter_4.pth"], ["iter_4.pth", "iter_6.pth"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["iter_6.pth", "iter_7.pth"]


def test_a_checkpoint_that_fails_leaves_the_others(runner, tmp_path):
    hook = AtomicCheckpointHook(interval=1)
    (tmp_path / "iter_1.pth").write_text("whole")

    def save_checkpoint(folder, name, by_epoch):
        (tmp_path / name).write_text("half")
        raise OSError("disk full")

    runner.save_checkpoint = save_checkpoint
    with pytest.raises(OSError, match="disk full"):
        hook.after_train_iter(runner, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["iter_1.pth"]


def test_equal_content_is_saved_as_equal_bytes(tmp_path):
    shared_key, half = "".join(["la", "yer"]), torch.arange(8.0)[::2]
    first = {"meta": {"a": "layer", "b": ["layer"]}, "state_dict": {"layer": half}}
    second = {"meta": {"a": shared_key, "b": ["".join(["layer"])]},
              "state_dict": {"".join(["lay", "er"]): half.clone()}}  # fmt: skip
    save(first, tmp_path / "one.pth")
    save(second, tmp_path / "another.pth")
    assert (tmp_path / "one.pth").read_bytes() == (tmp_path / "another.pth").read_bytes()
    assert torch.equal(load(tmp_path / "one.pth")["state_dict"]["layer"], half)


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(SegmentationError, match=r"list\.pth: not a checkpoint of"):
        load(tmp_path / "list.pth")


def numbers():
    return random.gauss(0, 1), np.random.normal(), torch.rand(2).tolist()


def test_the_random_state_comes_back_through_a_file(tmp_path):
    numbers()
    content = {"meta": {}, "state_dict": {}}
    RandomStateHook().before_save_checkpoint(None, content)
    save(content, tmp_path / "state.pth")
    expected = [numbers(), numbers()]
    hook = RandomStateHook()
    hook.after_load_checkpoint(None, load(tmp_path / "state.pth"))
    numbers()
    hook.before_train_iter(None, 0)
    first = numbers()
    hook.before_train_iter(None, 1)
    assert [first, numbers()] == expected
