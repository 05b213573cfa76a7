"""Jobs on this machine whose Snakemake is no more, as after kill -9 of Snakemake alone.

Its jobs go on. A new Snakemake knows nothing of them and would start the same jobs beside them. So
every run marks the environment that its jobs inherit, and ends those of a run that is over.
"""

import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)
MARK = "SMALLOBJECTS_RUN"


class OrphanError(RuntimeError):
    """A job of an earlier run cannot be ended."""


def mark_jobs(folder: Path) -> None:
    """Mark all processes that this one starts from now on as jobs of its run in `folder`."""
    os.environ[MARK] = f"{socket.gethostname()}:{os.getpid()}:{folder.resolve()}"


def end_local_orphans(folder: Path, patience: float = 600.0) -> list[int]:
    """End every job of an earlier run in `folder` on this machine, and wait until none is left.

    Trainings save a checkpoint before they end.

    Args:
        folder: where Snakemake runs, whose lock the caller holds.
        patience: seconds that jobs have to end by themselves, before they are killed.

    Returns:
        The ids of the processes.

    Raises:
        OrphanError: a process cannot be ended.
    """
    jobs = orphans(folder)
    if jobs:
        ids = " ".join(str(job.pid) for job in jobs)
        logger.warning("Ending %d processes of an earlier run: %s", len(jobs), ids)
    _signal(jobs, psutil.Process.terminate)
    # One that was stopped, as by Ctrl-Z, would not hear it.
    _signal(jobs, psutil.Process.resume)
    _, alive = psutil.wait_procs(jobs, timeout=patience)
    _signal(alive, psutil.Process.kill)
    _, alive = psutil.wait_procs(alive, timeout=30)
    if alive:
        ids = " ".join(str(job.pid) for job in alive)
        raise OrphanError(
            f"Processes of an earlier run do not end: {ids}; end them, and start again"
        )
    return [job.pid for job in jobs]


def orphans(folder: Path) -> list[psutil.Process]:
    """Return the processes that carry the mark of a run in `folder` that is over."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK, "")
            if process.pid != os.getpid() and _is_over(mark, folder, process):
                found.append(process)
        except psutil.Error:
            continue  # ended meanwhile, or another user's
    return found


def _is_over(mark: str, folder: Path, job: psutil.Process) -> bool:
    """Return whether a job's mark is of this folder and machine, and its run has ended."""
    host, _, rest = mark.partition(":")
    run, _, place = rest.partition(":")
    ours = host == socket.gethostname() and place == str(folder.resolve())
    if not ours or not run.isdigit() or int(run) == os.getpid():
        return False
    try:
        # A process of that number that began after the job is not what started it.
        return psutil.Process(int(run)).create_time() > job.create_time()
    except psutil.NoSuchProcess:
        return True


def _signal(jobs: list[psutil.Process], end: Callable[[psutil.Process], None]) -> None:
    for job in jobs:
        try:
            end(job)
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied as error:
            raise OrphanError(
                f"Process {job.pid} of an earlier run belongs to {job.username()}; ask them to end "
                "it, and start again"
            ) from error
