"""What finished jobs took, from the benchmark files that Snakemake writes beside their logs."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from smallobjects.config.layout import BENCHMARKS


@dataclass(frozen=True)
class Use:
    """What one job took."""

    rule: str
    name: str
    """Its wildcards, as the path of its benchmark file."""
    seconds: float
    memory_mb: float | None
    """The most that it held; None where it could not be measured."""
    cpu_seconds: float | None

    @property
    def dataset(self) -> str:
        """The first of its wildcards."""
        return self.name.partition("/")[0]

    @property
    def source(self) -> str:
        """The second of its wildcards: the label source; "" if it has none."""
        parts = self.name.split("/")
        return parts[1] if len(parts) > 1 else ""


def uses_below(benchmarks: Path) -> list[Use]:
    """Return what every job took whose benchmark file is there.

    Args:
        benchmarks: results/<scale>/benchmarks, with <rule>/<wildcards>.tsv.
    """
    return [
        use
        for path in sorted(benchmarks.glob("*/**/*.tsv"))
        if (use := _read(path, path.relative_to(benchmarks))) is not None
    ]


def ended_below(results: Path) -> list[str]:
    """Return the scales of which jobs have ended, sorted."""
    found = {
        path.relative_to(results).parts[0] for path in results.glob(f"*/{BENCHMARKS}/**/*.tsv")
    }
    return sorted(found)


def _read(path: Path, place: Path) -> Use | None:
    with path.open(newline="") as file:
        row = next(csv.DictReader(file, delimiter="\t"), None)
    if row is None or _number(row.get("s")) is None:
        return None
    name = "/".join(place.with_suffix("").parts[1:])
    return Use(
        place.parts[0],
        name,
        _number(row["s"]),
        _number(row.get("max_rss")),
        _number(row.get("cpu_time")),
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


@dataclass
class Sum:
    """What the jobs of a rule took together."""

    jobs: int = 0
    hours: float = 0.0
    memory_mb: float = 0.0
    """The most that one of them held."""
    cpu_hours: float = 0.0


def sums_by_rule(uses: Iterable[Use]) -> dict[str, Sum]:
    """Return what the jobs of every rule took together."""
    sums: dict[str, Sum] = defaultdict(Sum)
    for use in uses:
        total = sums[use.rule]
        total.jobs += 1
        total.hours += use.seconds / 3600
        total.memory_mb = max(total.memory_mb, use.memory_mb or 0.0)
        total.cpu_hours += (use.cpu_seconds or 0.0) / 3600
    return dict(sums)


def usage_text(benchmarks: Path, gpus: dict[str, int], asked: dict[str, int]) -> str:
    """Return what the jobs of some rules took, as a table in plain text.

    Args:
        benchmarks: results/<scale>/benchmarks.
        gpus: of a job of each rule to show.
        asked: memory that a job of a rule asks for, in MB.
    """
    names = ("jobs", "hours", "GPU-hours", "CPU-hours", "MB used", "asked")
    widths = (6, 9, 11, 11, 10, 8)
    titles = (f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
    lines = [f"{'rule':<26}{''.join(titles)}"]
    for rule, total in sorted(sums_by_rule(uses_below(benchmarks)).items()):
        if rule in gpus:
            lines.append(
                f"{rule:<26}{total.jobs:>6}{total.hours:>9.2f}"
                f"{total.hours * gpus[rule]:>11.2f}{total.cpu_hours:>11.2f}"
                f"{total.memory_mb:>10.0f}{asked.get(rule) or '-':>8}"
            )
    return "\n".join(lines)
