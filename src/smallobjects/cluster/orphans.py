"""Jobs in Slurm's queue whose Snakemake is no more, as after kill -9 or a reboot of its machine.

A new Snakemake knows nothing of them and would submit the same jobs again, beside them: two
processes would write the same files. It holds the lock of its folder, so every job that an executor
submitted from this folder before is an orphan.
"""

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from smallobjects.cluster.commands import SlurmError, slurm

logger = logging.getLogger(__name__)
_LOGS = ".snakemake/slurm_logs"
_OVER = {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL"}
_OVER |= {"DEADLINE", "OUT_OF_MEMORY", "REVOKED"}


class QueuedJob(NamedTuple):
    """A job that is not over."""

    job: str
    user: str
    output: str
    """File of its standard output."""


def cancel_orphans(
    folder: Path, call: Callable[[list[str]], str] = slurm, patience: float = 600
) -> list[str]:
    """Cancel every job that was submitted from a folder, and wait until none is left.

    Trainings save a checkpoint before they end.

    Args:
        folder: where Snakemake runs, whose lock the caller holds.
        call: calls one of Slurm's commands and returns what it prints.
        patience: seconds to wait for their end.

    Returns:
        The ids of the jobs.

    Raises:
        SlurmError: Slurm does not answer, or jobs cannot be cancelled, or do not end.
    """
    orphans = submitted_from(folder, queued(call(["scontrol", "--oneliner", "show", "job"])))
    if not orphans:
        return []
    ids = [orphan.job for orphan in orphans]
    logger.warning("Ending %d jobs of an earlier run: %s", len(ids), " ".join(ids))
    try:
        call(["scancel", *ids])
    except SlurmError as error:
        owners = ", ".join(f"{orphan.job} of {orphan.user}" for orphan in orphans)
        raise SlurmError(
            f"Jobs of an earlier run are still in the queue and cannot be cancelled ({owners}): "
            f"{error}. Wait for their end, or ask their owner to cancel them"
        ) from error
    deadline = time.monotonic() + patience
    while submitted_from(folder, queued(call(["scontrol", "--oneliner", "show", "job"]))):
        if time.monotonic() > deadline:
            raise SlurmError(
                f"Jobs of an earlier run do not end: {' '.join(ids)}; wait until "
                "`squeue` no longer lists them, and start again"
            )
        time.sleep(1)
    return ids


def queued(listing: str) -> list[QueuedJob]:
    """Return the jobs that are not over in what `scontrol --oneliner show job` printed."""
    jobs = []
    for line in listing.splitlines():
        found = dict(re.findall(r"(?:^| )(\w+)=(.*?)(?= \w+=|$)", line))
        if "JobId" in found and found.get("JobState") not in _OVER:
            user = found.get("UserId", "").partition("(")[0]
            jobs.append(QueuedJob(found["JobId"], user, found.get("StdOut", "")))
    return jobs


def submitted_from(folder: Path, jobs: list[QueuedJob]) -> list[QueuedJob]:
    """Return the jobs that Snakemake submitted in a folder: their logs are there."""
    place = f"{folder.resolve() / _LOGS}/"
    return [job for job in jobs if job.output.startswith(place)]
