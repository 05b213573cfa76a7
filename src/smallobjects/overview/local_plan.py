"""What a plan takes on this machine: processor time, by what jobs of the same rule took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from smallobjects.overview.planned_jobs import PlannedJob


@dataclass
class Time:
    """What some jobs take."""

    jobs: int = 0
    seconds: float = 0.0
    """Of the jobs that have a price."""
    unpriced: int = 0
    """Jobs of which nothing is known."""

    def add(self, seconds: float | None) -> None:
        """Count a job; None if nothing is known of it."""
        self.jobs += 1
        self.unpriced += seconds is None
        self.seconds += seconds or 0.0


@dataclass
class LocalPlan:
    """The time of a plan."""

    by_rule: dict[str, Time] = field(default_factory=lambda: defaultdict(Time))
    by_source: dict[tuple[str, str], Time] = field(default_factory=lambda: defaultdict(Time))
    """By label source and dataset; "" where a job serves several."""
    total: Time = field(default_factory=Time)
    measured: set[str] = field(default_factory=set)
    """Rules whose price was measured in this results folder."""
    stated: set[str] = field(default_factory=set)
    """Rules whose price is the one that the scale states."""


def local_plan(
    jobs: Iterable[PlannedJob],
    measured: Mapping[tuple[str, str], float],
    stated: Mapping[str, float],
) -> LocalPlan:
    """Return the time that jobs take.

    Args:
        jobs: of a dry run.
        measured: seconds of finished jobs in the mean, by rule and dataset.
        stated: seconds of a job by rule, as the scale's file states them.
    """
    plan = LocalPlan()
    for job in jobs:
        seconds = measured.get((job.rule, job.dataset))
        if seconds is not None:
            plan.measured.add(job.rule)
        else:
            seconds = stated.get(job.rule)
            if seconds is not None:
                plan.stated.add(job.rule)
        for time in (plan.by_rule[job.rule], plan.by_source[job.source, job.dataset], plan.total):
            time.add(seconds)
    return plan
