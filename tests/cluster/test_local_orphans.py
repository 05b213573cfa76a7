import contextlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from smallobjects.cluster.local_orphans import MARK, end_local_orphans, orphans

RUN = """
import subprocess, sys, time
from pathlib import Path
from smallobjects.cluster.local_orphans import mark_jobs
mark_jobs(Path(sys.argv[1]))
job = subprocess.Popen(["/bin/bash", "-c", sys.argv[2]])
print(job.pid, flush=True)
time.sleep(600)
"""
TWO_PROCESSES = "sleep 500 & sleep 500; true"
STUBBORN = "trap '' TERM; while true; do sleep 0.1; done"


@pytest.fixture
def run(tmp_path):
    """Start a process that, as Snakemake does, starts one job; the test may kill it."""
    started = []

    def start(command: str, folder=tmp_path) -> tuple[subprocess.Popen, psutil.Process]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(folder), command],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        job = psutil.Process(int(process.stdout.readline()))
        while job.name() == "python":
            time.sleep(0.01)
        return process, job

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_jobs_of_a_killed_run_are_ended_with_their_children(run, tmp_path):
    process, job = run(TWO_PROCESSES)
    while len(job.children()) < 2:
        time.sleep(0.01)
    family = [job, *job.children()]
    process.kill()
    process.wait()
    assert {found.pid for found in orphans(tmp_path)} == {member.pid for member in family}
    assert set(end_local_orphans(tmp_path, patience=20)) == {member.pid for member in family}
    assert not any(member.is_running() and member.status() != "zombie" for member in family)
    assert end_local_orphans(tmp_path) == []


def test_a_stopped_job_is_ended_too(run, tmp_path):
    process, job = run("sleep 500; true")
    job.suspend()
    process.kill()
    process.wait()
    assert job.pid in end_local_orphans(tmp_path, patience=20)


def test_jobs_of_a_run_that_lives_are_left_alone(run, tmp_path):
    _, job = run("sleep 500")
    assert end_local_orphans(tmp_path) == []
    assert job.is_running()


def test_jobs_of_another_folder_are_left_alone(run, tmp_path):
    (tmp_path / "other").mkdir()
    process, job = run("sleep 500", tmp_path / "other")
    process.kill()
    process.wait()
    assert end_local_orphans(tmp_path) == []
    assert job.is_running()


def test_a_job_that_does_not_end_by_itself_is_killed(run, tmp_path):
    process, job = run(STUBBORN)
    time.sleep(0.3)
    process.kill()
    process.wait()
    assert job.pid in end_local_orphans(tmp_path, patience=0.5)
    assert not job.is_running() or job.status() == "zombie"


@pytest.mark.parametrize("mark", ["nonsense", "a:b:c", "::", "host:12"])
def test_a_mark_that_is_none_of_ours_is_passed_over(tmp_path, mark):
    environment = {**os.environ, MARK: mark}
    with subprocess.Popen(["sleep", "30"], env=environment) as process:
        assert end_local_orphans(tmp_path) == []
        assert process.poll() is None
        process.kill()
