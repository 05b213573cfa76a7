"""What a plan takes: jobs, GPU-hours by label source and dataset, what CE once for all saves."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from smallobjects.overview.planned_jobs import PlannedJob
from smallobjects.overview.usage import Use


@dataclass
class Cost:
    """What some jobs take."""

    jobs: int = 0
    gpu_jobs: int = 0
    limit_hours: float = 0.0
    """GPU-hours up to the time limits of the profile: no run takes more without a retry."""
    measured_hours: float = 0.0
    """GPU-hours by the benchmark files of jobs of the same rule and dataset."""
    measured_jobs: int = 0
    """Jobs with GPUs of which there are such files."""

    def add(self, job: PlannedJob, seconds: float | None) -> None:
        """Count a job.

        Args:
            job: to count.
            seconds: what jobs of its kind took; None if none ran yet.
        """
        self.jobs += 1
        self.limit_hours += job.gpu_hours
        if job.gpus:
            self.gpu_jobs += 1
            if seconds is not None:
                self.measured_jobs += 1
                self.measured_hours += job.gpus * seconds / 3600


# Megabytes that a job of the paper scale leaves, estimated from the formats, not measured: weights
# of 44 million parameters in single precision; with momentum and Fisher information three times
# that; CAMs of a sixteenth of COCO at stride 4 in half precision; a PNG of 5 kB an image.
_MEGABYTES = {
    "train_shared": 530, "train_arm": 180, "train_classifier": 100, "train_edges": 100,
    "train_amn": 100, "train_clims": 100, "train_pasted_classifier": 100,
    "make_cams": 570, "make_initial_cams": 570, "make_amn_cams": 570, "make_rib_cams": 570,
    "make_seeds": 25, "make_initial_seeds": 25, "walk_labels": 25, "gather_irn_labels": 400,
    "ground_truth_labels": 400, "predict": 200, "score": 20, "prepare_dataset": 2000,
}  # fmt: skip


@dataclass(frozen=True)
class SharedPhase:
    """What it saves to train CE once for all losses."""

    trained: int
    """Iterations that the plan trains."""
    alone: int
    """Iterations if every loss were trained from the beginning."""


@dataclass
class Plan:
    """What a plan takes."""

    by_rule: dict[str, Cost] = field(default_factory=lambda: defaultdict(Cost))
    by_source: dict[tuple[str, str], Cost] = field(default_factory=lambda: defaultdict(Cost))
    """By label source and dataset; "" where a job serves several."""
    total: Cost = field(default_factory=Cost)
    shared: SharedPhase = SharedPhase(0, 0)
    gigabytes: float = 0.0
    """What the results will take, by estimates for the paper scale, without what is fetched."""


def plan_of(jobs: Iterable[PlannedJob], uses: Iterable[Use] = ()) -> Plan:
    """Return what jobs take.

    Args:
        jobs: of a dry run.
        uses: what jobs of earlier runs took, by which hours are estimated beside the time limits.
    """
    plan, seconds = Plan(), mean_seconds(uses)
    trained = alone = 0
    for job in jobs:
        took = seconds.get((job.rule, job.dataset))
        for cost in (plan.by_rule[job.rule], plan.by_source[job.source, job.dataset], plan.total):
            cost.add(job, took)
        plan.gigabytes += _MEGABYTES.get(job.rule, 0) / 1000
        if job.iterations:
            first, last = job.iterations
            trained += first if job.rule == "train_shared" else last - first
            alone += 0 if job.rule == "train_shared" else last
    plan.shared = SharedPhase(trained, alone)
    return plan


def mean_seconds(uses: Iterable[Use]) -> dict[tuple[str, str], float]:
    """Return what jobs took in the mean, by rule and dataset."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for use in uses:
        found[use.rule, use.dataset].append(use.seconds)
    return {kind: sum(times) / len(times) for kind, times in found.items()}
