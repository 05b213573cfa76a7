"""The jobs of a dry run, read from what Snakemake prints of them."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from smallobjects.config.layout import BENCHMARKS
from smallobjects.workflow.snakemake_internals import printed_jobs

_PARAMETERS = re.compile(r"--parameters '(\{.*?\})' --seed")


class PlanError(RuntimeError):
    """Snakemake could not plan; the message is what it said."""


@dataclass(frozen=True)
class PlannedJob:
    """A job of a plan, with what it asks of a cluster."""

    rule: str
    wildcards: dict[str, str]
    gpus: int
    memory_mb: int | None
    minutes: int | None
    """Its time limit."""
    iterations: tuple[int, int] | None = None
    """Of a training of a segmentor: the iterations of the shared phase, and of all."""
    benchmarks: str = ""
    """Folder in which what it takes will be noted: <results>/<scale>/benchmarks."""

    @property
    def gpu_hours(self) -> float:
        """GPU-hours up to the time limit."""
        return self.gpus * (self.minutes or 0) / 60

    @property
    def dataset(self) -> str:
        """The dataset that it works for; "" for what serves several."""
        return self.wildcards.get("dataset", "")

    @property
    def source(self) -> str:
        """The label source that it works for; "" for what serves several."""
        return self.wildcards.get("source", "")


def with_options(arguments: list[str], configfiles: Iterable[Path], scale: str | None) -> list[str]:
    """Return arguments of `snakemake` with configuration files and a scale.

    A profile's configuration lies over that of a file. So the scale that a file names is given on
    the command line, unless one is there.

    Args:
        arguments: of `snakemake`.
        configfiles: laid over the configuration, in this order.
        scale: if it is None, the last of the files that names one decides.
    """
    from smallobjects.config.layers import read_yaml

    files = [str(path) for path in configfiles]
    if scale is None:
        named = [read_yaml(Path(path)).get("scale") for path in files]
        scale = next((name for name in reversed(named) if name), None)
    given = [*arguments, *(["--configfile", *files] if files else [])]
    if scale is None or any(argument.startswith("scale=") for argument in arguments):
        return given
    if "--config" not in arguments:
        return [*given, "--config", f"scale={scale}"]
    place = given.index("--config") + 1
    return [*given[:place], f"scale={scale}", *given[place:]]


def dry_run(arguments: list[str], *, local: bool = False) -> str:
    """Return what a dry run prints.

    Args:
        arguments: further ones of `snakemake`, such as targets.
        local: plan for this machine, not with the Slurm profile.

    Raises:
        PlanError: Snakemake refused.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--printshellcmds", "--nocolor"]
    command += [*([] if local else ["--profile", "slurm"]), "--jobs", "1000", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PlanError((done.stderr + done.stdout).strip())
    return done.stdout + done.stderr


def planned_jobs(printed: str) -> Iterator[PlannedJob]:
    """Yield the jobs that a dry run printed.

    Args:
        printed: with shell commands, uncoloured.
    """
    for job in printed_jobs(printed):
        # `gres=gpu:1` where a cluster wants that.
        gres = re.search(r"\bgres=gpu:(?:\w+:)?(\d+)", job.body)
        yield PlannedJob(
            job.rule,
            job.wildcards,
            int(gres[1]) if gres else _number(job.resources, "gpu") or 0,
            _number(job.resources, "mem_mb"),
            _number(job.resources, "runtime"),
            _iterations(job.body) if job.rule in ("train_shared", "train_arm") else None,
            _benchmarks(job.benchmark),
        )


def _benchmarks(file: str) -> str:
    folder, found, _ = file.rpartition(f"/{BENCHMARKS}/")
    return f"{folder}/{BENCHMARKS}" if found else ""


def _number(resources: dict[str, str], name: str) -> int | None:
    value = resources.get(name, "")
    return int(value) if value.isdigit() else None


def _iterations(body: str) -> tuple[int, int] | None:
    found = _PARAMETERS.search(body)
    if not found:
        return None
    schedule = json.loads(found[1])["schedule"]
    return schedule["shared_iterations"], schedule["iterations"]
