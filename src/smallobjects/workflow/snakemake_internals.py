"""All that is known of Snakemake's inside: its files, its scheduler, and what a dry run prints.

None of it is promised by Snakemake. tests/workflow/test_snakemake_internals.py holds it to the
version that envs/requirements.in allows.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from smallobjects.cluster.chains import longest_chains

DEFAULT_LIMIT = (100, 1)
"""Jobs that Snakemake starts at most, and in how many seconds."""
# Jobs that are submitted as a group stand four columns to the right.
_BLOCK = re.compile(
    r"^( {4})?(?:local)?rule (\w+):\n((?:(?(1) {8}| {4}).*\n)*(?:Shell command: .*\n)?)",
    re.MULTILINE,
)


class PrintedJob(NamedTuple):
    """A job as a dry run prints it."""

    rule: str
    wildcards: dict[str, str]
    resources: dict[str, str]
    benchmark: str
    """Its file; "" without one."""
    body: str
    """All that is printed of it, with its shell command if that was asked for."""


def printed_jobs(printed: str) -> Iterator[PrintedJob]:
    """Yield the jobs that a dry run printed, uncoloured."""
    for _, rule, body in _BLOCK.findall(printed):
        benchmark = re.search(r"^ {4,8}benchmark: (.*)$", body, re.MULTILINE)
        yield PrintedJob(
            rule,
            _pairs(body, "wildcards"),
            _pairs(body, "resources"),
            benchmark[1] if benchmark else "",
            body,
        )


def _pairs(body: str, name: str) -> dict[str, str]:
    line = re.search(rf"^ {{4,8}}{name}: (.*)$", body, re.MULTILINE)
    return dict(re.findall(r"(\w+)=([^,]*)", line[1])) if line else {}


def incomplete_outputs(folder: Path) -> set[str]:
    """Return the outputs of jobs that were begun and have not ended, as Snakemake writes them.

    A marker's name is its output's, in base64; a long one is parted into folders that begin with @.

    Args:
        folder: where Snakemake runs.
    """
    root = folder / ".snakemake" / "incomplete"
    found = set()
    for marker in root.rglob("*"):
        if marker.is_dir() or marker.name == "migration_underway":
            continue
        name = "".join(part.removeprefix("@") for part in marker.relative_to(root).parts)
        try:
            found.add(base64.urlsafe_b64decode(name).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def is_locked(folder: Path) -> bool:
    """Tell whether a Snakemake runs in a folder, or was killed there and nobody unlocked it."""
    return any((folder / ".snakemake" / "locks").glob("*.lock"))


def remove_incomplete_records(folder: Path) -> list[str]:
    """Remove the records (`*.record.json`) of what was being fetched or unpacked in a killed run.

    Snakemake makes an incomplete output again, but forgets the jobs after it, whatever they lack,
    if it is an `ancient` input of theirs (9.27): they would be left out of the run in silence. A
    record that is missing is no such case, and nothing is fetched twice for want of it.

    Args:
        folder: where Snakemake runs; nothing is done while it is locked.

    Returns:
        The records.
    """
    if is_locked(folder):
        return []
    found = [path for path in sorted(incomplete_outputs(folder)) if path.endswith(".record.json")]
    for path in found:
        (folder / path).unlink(missing_ok=True)
    return found


def runs_on_slurm(workflow: Any) -> bool:
    """Tell whether Snakemake's `workflow` hands its jobs to Slurm."""
    return workflow.executor_plugin.name == "slurm"


def lift_default_limit(workflow: Any) -> None:
    """Take away Snakemake's default limit of jobs per second; one that the user sets stays.

    Nothing here starts a hundred jobs a second, and the limit is not free: it wakes the scheduler a
    second after each start and end of a job, and each of these calls wakes it again a second later.
    After some hundred jobs it looks at the inputs of all that wait hundreds of times a second.
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit is not None and (limit.max_jobs, limit.timespan) == DEFAULT_LIMIT:
        workflow.scheduler.job_rate_limiter = None


def start_long_chains_first(workflow: Any) -> None:
    """On Slurm, let the jobs first that have the longest chain of jobs after them.

    By their time limits. Snakemake takes a priority from a rule, which does not know what a job is
    for; so they are set once the jobs are known. Those of `--prioritize` stay the highest.
    """
    if not runs_on_slurm(workflow):
        return
    dag = workflow.dag
    jobs = set(dag.needrun_jobs())
    needs = {job: [*jobs.intersection(dag.dependencies[job])] for job in jobs}
    minutes = {job: job.resources.get("runtime", 0) for job in jobs}
    for job, chain in longest_chains(needs, minutes).items():
        dag._priority[job] = max(dag.priority(job), chain)


def asked_on_cluster(workflow: Any) -> tuple[dict[str, int], dict[str, int | None]]:
    """Return the GPUs and the megabytes that the jobs of each rule asked a cluster for."""
    jobs = [job for job in workflow.dag.jobs if not job.is_local]
    gpus = {job.rule.name: job.resources.get("gpu", 0) for job in jobs}
    memory = {job.rule.name: job.resources.get("mem_mb") for job in jobs}
    return gpus, memory
