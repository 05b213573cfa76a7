"""The hooks of checkpoints and of the random state, one by one."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from smallobjects.segmentation.checkpointing import AtomicCheckpointHook, load, save
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.random_state import RandomStateHook


@pytest.fixture
def runner(tmp_path):
    return SimpleNamespace(work_dir=str(tmp_path), max_iters=7, call_hook=lambda name: None)


def test_checkpoints_are_kept_two_at_a_time_and_at_the_end(runner, tmp_path):
    hook = AtomicCheckpointHook(interval=2)
    seen = []

    def save_checkpoint(folder, name, by_epoch):
        seen.append(sorted(path.name for path in tmp_path.glob("iter_*")))
        (tmp_path / name).write_text(name)

    runner.save_checkpoint = save_checkpoint
    for runner.iter in range(7):
        hook.after_train_iter(runner, batch_idx=0)
    # Never fewer than the two whole ones while the next is written.
    assert seen == [[], ["iter_2.pth"], ["iter_2.pth", "iter_4.pth"], ["iter_4.pth", "iter_6.pth"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["iter_6.pth", "iter_7.pth"]


def test_a_checkpoint_that_fails_leaves_the_others(runner, tmp_path):
    hook = AtomicCheckpointHook(interval=1)
    runner.iter = 1
    (tmp_path / "iter_1.pth").write_text("whole")

    def save_checkpoint(folder, name, by_epoch):
        (tmp_path / name).write_text("half")
        raise OSError("disk full")

    runner.save_checkpoint = save_checkpoint
    with pytest.raises(OSError, match="disk full"):
        hook.after_train_iter(runner, batch_idx=0)
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
    saving = RandomStateHook()
    saving.before_gathering(None)
    saving.before_save_checkpoint(None, content)
    save(content, tmp_path / "state.pth")
    expected = [numbers(), numbers()]
    hook = RandomStateHook()
    hook.after_load_checkpoint(None, load(tmp_path / "state.pth"))
    numbers()
    hook.before_train_iter(None, 0)
    first = numbers()
    hook.before_train_iter(None, 1)
    assert [first, numbers()] == expected
