"""What may end a job, or its Snakemake: the rerun goes on and ends with the same bytes."""

import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from slurm_workflow import ONE_DATASET
from small_workflow import Workflow

from smallobjects.config.layers import merge

pytestmark = pytest.mark.slurm
SEGMENTOR = "results/demo/segmentors/voc/full/deeplabv2/seed0"
SHARED = f"{SEGMENTOR}/shared.pth"
LOG = "results/demo/logs/train_shared/voc/full/deeplabv2/seed0.log"
INTERVAL = 10
SCHEDULE = {"iterations": 101, "shared_iterations": 100, "checkpoint_interval": INTERVAL}
LONG = merge(ONE_DATASET, {"settings": {"segmentors": {"deeplabv2": {"schedule": SCHEDULE}}}})


@pytest.fixture(scope="module")
def labels(tmp_path_factory, repository) -> Path:
    """A folder in which the labels are made, and nothing is trained."""
    run = Workflow(tmp_path_factory.mktemp("labels"), repository, LONG)
    run.run("results/demo/pseudo_labels/voc/full/manifest.json")
    return run.folder


@pytest.fixture(scope="module")
def trained(labels, tmp_path_factory, repository) -> bytes:
    """The end of the shared phase of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copytree(labels, folder, symlinks=True, dirs_exist_ok=True)
    Workflow(folder, repository, LONG).run(SHARED)
    return (folder / SHARED).read_bytes()


@pytest.fixture
def training(labels, on_slurm):
    """A training on Slurm, started and under way."""
    run = on_slurm(LONG)
    shutil.copytree(labels, run.folder, symlinks=True, dirs_exist_ok=True)
    under_way = Training(run)
    yield under_way
    under_way.kill_snakemake()


class Training:
    """The shared phase of a segmentor on Slurm, and the Snakemake that waits for it."""

    def __init__(self, run):
        self.run, self.cluster = run, run.cluster
        self.snakemake = None
        self.job = None

    def start(self, *arguments, checkpoints=2):
        """Start it and wait until it has saved a few checkpoints; return the newest."""
        self.snakemake = self.run.start(SHARED, *arguments)
        wait(lambda: self.saved() >= checkpoints * INTERVAL, self)
        self.job = self.cluster.job_of("train_shared")
        return self.saved()

    def start_and_pause(self) -> int:
        """Start it and stop the training program, which might be over before what comes next."""
        self.start()
        self.pause()
        return self.saved()

    def saved(self) -> int:
        """The iteration of the newest whole checkpoint; 0 without one."""
        found = self.run.folder.glob(f"{SHARED}.work/*/iter_*.pth")
        return max((int(path.stem.removeprefix("iter_")) for path in found), default=0)

    def pause(self) -> None:
        """Stop the training program itself; Slurm wakes it before it sends SIGTERM."""
        os.kill(self._program(), signal.SIGSTOP)

    def _program(self) -> int:
        programs = self.cluster.processes_of(self.job)
        return next(process for process, line in programs.items() if "train-segmentor" in line[2:])

    def finish(self) -> None:
        """Wait until Snakemake has ended well."""
        output, _ = self.snakemake.communicate(timeout=600)
        assert self.snakemake.returncode == 0, output + self.run.logs()

    def kill_snakemake(self) -> None:
        """End Snakemake with SIGKILL, if it runs; jobs in the queue go on."""
        if self.snakemake is not None and self.snakemake.poll() is None:
            os.killpg(self.snakemake.pid, signal.SIGKILL)
            self.snakemake.communicate()

    def again(self) -> None:
        """Do as the README says after a run that was killed."""
        self.run.run("--unlock")
        assert self.run.planned(SHARED) == {"train_shared": 1}
        self.run.run(SHARED)

    def went_on_from(self) -> int:
        """The iteration that the last job went on from."""
        log = (self.run.folder / LOG).read_text()
        found = re.search(r"from \S*iter_(\d+)\.pth", log)
        return int(found[1]) if found else 0

    def result(self) -> bytes:
        """The published checkpoint; nothing else may be left."""
        assert not (self.run.folder / f"{SHARED}.work").exists()
        return (self.run.folder / SHARED).read_bytes()


def wait(reached, training, seconds=300):
    deadline = time.monotonic() + seconds
    while not reached():
        logs = training.run.logs() if time.monotonic() > deadline else ""
        assert time.monotonic() < deadline, f"it did not get there{logs}"
        time.sleep(0.05)


def test_a_cancelled_job_is_submitted_again(training, trained):
    saved = training.start()
    training.cluster.call("scancel", training.job)
    training.finish()
    assert training.went_on_from() >= saved
    assert training.result() == trained


def test_before_its_time_is_up_a_training_saves(training, trained):
    training.run.variables["SMALLOBJECTS_SLURM_WARNING"] = "60"
    # Slurm looks at its jobs' limits only every half minute.
    saved = training.start_and_pause()
    training.cluster.call("scontrol", "update", f"JobId={training.job}", "EndTime=now+90")
    training.finish()
    # Not the last one that was due: it was saved because of the signal.
    assert training.went_on_from() > saved
    assert training.result() == trained


def test_a_preempted_job_is_queued_again_by_slurm(training, trained):
    saved = training.start_and_pause()
    urgent = ["--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=sleep 1"]
    training.cluster.call("sbatch", *urgent)
    training.finish()
    assert training.went_on_from() >= saved
    assert training.result() == trained


def test_a_node_may_fail(training, trained):
    saved = training.start()
    training.cluster.stop_daemon("slurmd", signal.SIGKILL)
    training.cluster.kill_processes_of(training.job)
    training.cluster.set_node("DOWN")
    training.cluster.start_daemon("slurmd")
    training.cluster.set_node("RESUME")
    training.finish()
    assert training.went_on_from() >= saved
    assert training.result() == trained


def test_a_job_that_takes_too_much_memory_gets_more(training, trained):
    memory = "train_shared:mem_mb=600 * 2 ** (attempt - 1)"
    training.snakemake = training.run.start(SHARED, "--set-resources", memory)
    training.finish()
    asked = training.cluster.memory_asked()
    assert asked[:2] == ["600M", "1200M"]
    assert training.result() == trained


def test_snakemake_may_be_killed(training, trained):
    saved = training.start_and_pause()
    training.kill_snakemake()
    assert training.cluster.jobs() == [training.job]
    training.again()
    assert training.went_on_from() >= saved
    assert training.result() == trained


def test_what_ends_while_snakemake_is_dead_is_not_repeated(training, trained):
    training.start()
    training.kill_snakemake()
    wait(lambda: not training.cluster.jobs(), training)
    training.run.run("--unlock")
    assert not training.run.planned(SHARED)
    assert training.result() == trained


def test_the_head_node_may_be_rebooted(training, trained):
    saved = training.start_and_pause()
    training.kill_snakemake()
    training.cluster.stop_daemon("slurmctld", signal.SIGKILL)
    training.cluster.start_daemon("slurmctld")
    training.cluster.wait_until_it_answers()
    training.again()
    assert training.went_on_from() >= saved
    assert training.result() == trained
