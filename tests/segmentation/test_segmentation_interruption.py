"""Trainings that are killed, or whose disk is full, lose no more than they must."""

import random
import signal
import subprocess
import time

import pytest
from disturbed_training import Training, command
from toy_segmentation import arm_parameters, training_parameters

INTERVAL, LAST, KILLS = 5, 120, 10
SCHEDULE = {"iterations": LAST, "shared_iterations": 5}
SCHEDULE |= {"checkpoint_interval": INTERVAL, "log_interval": 1}
RATES = [{"type": "PolyLR", "power": 0.9}]


def test_killed_ten_times_it_ends_with_the_same_bytes(run_of, train, tmp_path):
    shared = train(run_of(parameters=training_parameters(param_scheduler=RATES, schedule=SCHEDULE)))
    run = run_of(
        "sb", arm_parameters("sb", param_scheduler=RATES, schedule=SCHEDULE), shared=shared
    )
    undisturbed = train(run)

    work_dir, output = tmp_path / "work", tmp_path / "sb.pth"
    moments = random.Random(7)
    # Far enough from the end that each is still training; the rest is chance.
    goals = sorted(moments.sample(range(7, LAST - 10), KILLS))
    reached = SCHEDULE["shared_iterations"]
    for goal in goals:
        training = Training(command(run, work_dir, output))
        while training.iteration < goal:
            assert training.process.poll() is None, training.log
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.02))
        training.kill()
        assert not output.exists()
        if training.start is not None:
            # It repeats at most what came after the last checkpoint.
            assert reached - training.start <= INTERVAL
        reached = training.iteration
        assert reached < LAST
    assert Training(command(run, work_dir, output)).finish() == 0
    assert not work_dir.exists()
    assert output.read_bytes() == undisturbed.read_bytes()


@pytest.mark.parametrize(("processes", "workers"), [(1, 0), (1, 2), (2, 2)])
def test_sigterm_and_ctrl_c_save_the_iteration_under_way(
    run_of, train, tmp_path, processes, workers
):
    schedule = {"batch_size": 4, "iterations": 61, "shared_iterations": 60}
    # No checkpoint is due before the end: what there is, the signal made.
    schedule |= {"checkpoint_interval": 1000, "log_interval": 1}
    run = run_of(
        parameters=training_parameters(param_scheduler=RATES, schedule=schedule),
        processes=processes,
        workers=workers,
    )
    undisturbed = train(run)

    work_dir, output = tmp_path / "work", tmp_path / "shared.pth"
    reached = 0
    for goal, by in [(11, signal.SIGTERM), (30, signal.SIGINT)]:
        training = Training(command(run, work_dir, output, processes))
        while training.iteration < goal:
            assert training.process.poll() is None, training.log
            time.sleep(0.001)
        assert training.terminate(by) == 1
        (message,) = [line for line in training.log if line.startswith("Error: ")]
        assert "stopped as asked after iteration" in message
        assert training.start is None if reached == 0 else training.start == reached
        reached = training.iteration
        assert (work_dir / next(work_dir.iterdir()) / f"iter_{reached}.pth").exists()
        assert goal <= reached < 60
        assert not output.exists()
    training = Training(command(run, work_dir, output, processes))
    assert training.finish() == 0
    assert training.start == reached
    assert output.read_bytes() == undisturbed.read_bytes()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own, of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no right to mount a disk: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_full_disk_is_named_and_costs_no_checkpoint(
    run_of, train, small_disk, tmp_path, processes
):
    schedule = {"batch_size": 4, "iterations": 41, "shared_iterations": 40}
    schedule |= {"checkpoint_interval": 2, "log_interval": 1}
    run = run_of(
        parameters=training_parameters(param_scheduler=RATES, schedule=schedule),
        processes=processes,
    )
    undisturbed = train(run)

    work_dir, output = small_disk / "work", tmp_path / "shared.pth"
    # Room for one checkpoint and a half.
    room = 3 * undisturbed.stat().st_size // 2
    (small_disk / "other").write_bytes(bytes(4 * 2**20 - 2**15 - room))
    training = Training(command(run, work_dir, output, processes))
    assert training.finish() == 1
    (message,) = [line for line in training.log if line.startswith("Error: ")]
    assert "the disk is full; make room" in message
    assert "iter_4.pth" in message
    assert not output.exists()
    (kept,) = work_dir.glob("*/iter_*.pth")
    assert kept.name == "iter_2.pth"

    (small_disk / "other").unlink()
    training = Training(command(run, work_dir, output, processes))
    assert training.finish() == 0
    assert training.start == 2
    assert output.read_bytes() == undisturbed.read_bytes()
