"""Several processes that share each batch, on the CPU: the result is that of one process."""

import atexit
import os
import pickle
import signal
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from disturbed_training import Training, command
from PIL import Image
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from toy_segmentation import MODEL, arm_parameters, training_parameters

from smallobjects.segmentation.checkpointing import load
from smallobjects.segmentation.distributed import from_every_process, in_processes, process_rank
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.sampling import PositionSampler, draw
from smallobjects.segmentation.synchronised_batch_norm import synchronise_batch_norm

CPU = torch.device("cpu")
# Without dropout, which draws other numbers in each process.
SAME = {
    "model": MODEL | {"decode_head": MODEL["decode_head"] | {"dropout_ratio": 0.0}},
    "schedule": {"batch_size": 4, "iterations": 9},
}


@pytest.fixture(scope="module")
def shared_phases(run_of, train):
    """The shared phase of one process, and of two."""
    run = run_of(parameters=training_parameters(**SAME))
    return train(run), train(replace(run, processes=2, workers=2))


def close(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=1e-4, atol=1e-5)
    return True


def test_weights_and_fisher_are_those_of_one_process(shared_phases):
    one, two = map(load, shared_phases)
    # Also the running statistics: BatchNorm sees the whole batch.
    assert close(one["state_dict"], two["state_dict"])
    assert close(one["fisher"], two["fisher"])
    assert any((one["fisher"][name] > 1e-6).any() for name in one["fisher"])
    rows = [each["learning_curve"] for each in (one, two)]
    assert rows[1]["rows"][0]["loss"] == pytest.approx(rows[0]["rows"][0]["loss"], rel=1e-4)
    assert rows[1]["losses"] == pytest.approx(rows[0]["losses"], rel=1e-4)


def test_an_arm_is_that_of_one_process(run_of, train, shared_phases):
    one, two = (
        train(run_of("sb", arm_parameters("sb", **SAME), shared=shared_phases[0], processes=count))
        for count in (1, 2)
    )
    assert close(load(one)["state_dict"], load(two)["state_dict"])
    start = load(shared_phases[0])["state_dict"]
    moved = [(load(two)["state_dict"][name] - start[name]).abs().max() for name in start]
    assert max(moved) > 1e-3


def running(group):
    """The processes of a group."""
    listed = subprocess.run(["ps", "-eo", "pgid,stat"], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines()[1:])
    return [stat for pgid, stat in rows if int(pgid) == group and not stat.startswith("Z")]


def test_killed_and_called_again_it_ends_with_the_same_bytes(run_of, train, tmp_path):
    # Long enough not to be over before it is killed, on a busy machine too.
    schedule = {"batch_size": 4, "iterations": 260, "shared_iterations": 250}
    rates = [{"type": "PolyLR", "power": 0.9}]
    schedule["checkpoint_interval"] = 1
    parameters = training_parameters(schedule=schedule, param_scheduler=rates)
    run = run_of(parameters=parameters, processes=2)
    work_dir = tmp_path / "work"
    training = Training(command(run, work_dir, tmp_path / "killed.pth", processes=2))
    group = training.process.pid
    try:
        deadline = time.monotonic() + 180
        while not list(work_dir.glob("*/iter_*.pth")):
            assert training.process.poll() is None, training.log
            assert time.monotonic() < deadline
            time.sleep(0.001)
        # The first process alone: the two that train end by themselves.
        training.process.kill()
        while running(group):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        if running(group):
            os.killpg(group, signal.SIGKILL)
        training.finish()
    (scratch,) = work_dir.iterdir()
    last = max(int(path.stem.removeprefix("iter_")) for path in scratch.glob("iter_*.pth"))
    assert last < 250
    resumed = train(run, work_dir)
    # With dropout: the random state of both processes counts.
    assert resumed.read_bytes() == train(run).read_bytes()


def test_the_error_of_one_process_is_the_error_of_all(run_of, train, dataset, tmp_path):
    labels = tmp_path / "labels"
    labels.mkdir()
    for path in (dataset / "semantic").glob("*.png"):
        (labels / path.name).write_bytes(path.read_bytes())
    Image.new("L", (61, 40), 4).save(labels / "2007_000000.png")
    run = run_of(parameters=training_parameters(**SAME), labels=labels, processes=2)
    with pytest.raises(SegmentationError, match=r"2007_000000\.png: holds class 4"):
        train(run)


def test_a_batch_is_shared_equally(run_of, train):
    with pytest.raises(SegmentationError, match="batch_size = 3: 2 processes share"):
        train(run_of(processes=2))


def write_threads_at_exit(folder):
    network = DistributedDataParallel(nn.Linear(2, 2))
    # As MMEngine's runner and its hooks hold each other.
    network.runner = [network]
    written = folder / str(process_rank())
    tasks = Path("/proc/self/task")
    atexit.register(
        lambda: written.write_text("".join(each.read_text() for each in tasks.glob("*/comm")))
    )


def test_no_thread_of_the_group_outlives_it(tmp_path):
    # Such a thread, called while the interpreter ends, ends the process with SIGABRT.
    in_processes(2, CPU, write_threads_at_exit, tmp_path)
    for rank in range(2):
        threads = (tmp_path / str(rank)).read_text()
        assert threads
        assert "gloo" not in threads


def fail_and_crash():
    if process_rank() == 1:
        atexit.register(lambda: time.sleep(5))
        raise SegmentationError("the labels are of another dataset")
    try:
        from_every_process(0)
    except RuntimeError:
        os.abort()


def test_the_error_of_one_process_counts_though_another_crashes_for_want_of_it():
    with pytest.raises(SegmentationError, match="of another dataset"):
        in_processes(2, CPU, fail_and_crash)


def parts_of_batches():
    sampler = PositionSampler(range(7), seed=3, batch_size=2)
    sampler.skip(4)
    draws = [each for _, each in zip(range(6), iter(sampler), strict=False)]
    parts = from_every_process(draws)
    together = [part[start : start + 2] for start in (0, 2, 4) for part in parts]
    expected = [draw(7, 3, position) for position in range(8, 20)]
    assert [each for part in together for each in part] == expected


def test_an_error_that_was_cut_short_by_a_full_disk_says_so(tmp_path, monkeypatch):
    """Torch and this project hand errors over as files, in the place of temporary files."""
    for raised in (EOFError("Ran out of input"), pickle.UnpicklingError("truncated")):

        def spawn(*_, error=raised, **__):
            raise error

        monkeypatch.setattr(torch.multiprocessing, "spawn", spawn)
        with pytest.raises(OSError, match="No space left") as caught:
            in_processes(2, CPU, print, 1)
        assert str(caught.value.filename).startswith(tempfile.gettempdir())


def test_the_parts_make_up_the_batches_of_one_process():
    in_processes(2, CPU, parts_of_batches)


def normalised_batch():
    torch.manual_seed(0)
    features = torch.randn(4, 3, 5, 7) * 3 + 1
    whole = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, momentum=0.3))
    nn.init.normal_(whole[1].weight)
    frozen = nn.BatchNorm2d(3).eval()
    part = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, momentum=0.3))
    part.load_state_dict(whole.state_dict())
    part = synchronise_batch_norm(part, CPU)
    assert list(part.state_dict()) == list(whole.state_dict())
    # Parts of unequal size, as the last batch of an epoch can be.
    start, stop = ((0, 1), (1, 4))[process_rank()]
    expected = whole(features)
    found = part(features[start:stop])
    torch.testing.assert_close(found, expected[start:stop])
    for name, buffer in whole[1].named_buffers():
        torch.testing.assert_close(dict(part[1].named_buffers())[name], buffer)

    (expected * features.cos()).sum().backward()
    (found * features[start:stop].cos()).sum().backward()
    for name, parameter in whole.named_parameters():
        gradients = from_every_process(dict(part.named_parameters())[name].grad)
        torch.testing.assert_close(sum(gradients), parameter.grad, rtol=1e-4, atol=1e-4)
    assert type(synchronise_batch_norm(nn.Sequential(Frozen(frozen)), CPU)[0].inner) is (
        nn.BatchNorm2d
    )


class Frozen(nn.Module):
    """Keeps its BatchNorm's statistics fixed, as MMSegmentation's backbones do."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def train(self, mode=True):
        super().train(mode)
        self.inner.eval()
        return self


def test_batch_norm_sees_the_whole_batch():
    in_processes(2, CPU, normalised_batch)
