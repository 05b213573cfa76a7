"""Plans, as tables in the terminal."""

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from smallobjects.overview.local_plan import LocalPlan, Time
from smallobjects.overview.plan import Cost, Plan, SharedPhase

COSTS = ("jobs", "with GPU", "GPU-hours, limit", "measured")
TIMES = ("jobs", "hours")


def plan_tables(plan: Plan) -> list[Table]:
    """Return a table by rule, and one by label source and dataset."""
    by_rule = _empty("Jobs by rule", ["Rule"], COSTS)
    for rule, cost in sorted(plan.by_rule.items(), key=lambda item: -item[1].limit_hours):
        by_rule.add_row(escape(rule), *_numbers(cost))
    by_source = _empty("GPU-hours by labels and dataset", ["Labels", "Dataset"], COSTS)
    for (source, dataset), cost in sorted(plan.by_source.items()):
        if cost.gpu_jobs:
            by_source.add_row(escape(source or "–"), escape(dataset or "–"), *_numbers(cost))
    by_source.add_section()
    by_source.add_row("all", "", *_numbers(plan.total))
    return [by_rule, by_source]


def local_plan_tables(plan: LocalPlan) -> list[Table]:
    """Return the time of a plan on this machine by rule, and by label source and dataset."""
    by_rule = _empty("Jobs by rule", ["Rule"], TIMES)
    for rule, time in sorted(plan.by_rule.items(), key=lambda item: -item[1].seconds):
        by_rule.add_row(escape(rule), *_hours(time))
    by_source = _empty("Time by labels and dataset", ["Labels", "Dataset"], TIMES)
    for (source, dataset), time in sorted(plan.by_source.items()):
        by_source.add_row(escape(source or "–"), escape(dataset or "–"), *_hours(time))
    by_source.add_section()
    by_source.add_row("all", "", *_hours(plan.total))
    return [by_rule, by_source]


def local_sum(plan: LocalPlan, cores: int) -> str:
    """Return in words what a plan takes on so many cores, and how that is known."""
    hours = plan.total.seconds / 3600
    known = [
        f"{what}: {len(rules)} rules"
        for what, rules in (
            ("measured here", plan.measured),
            ("as the scale's file states", plan.stated - plan.measured),
        )
        if rules
    ]
    unknown = f" Of {plan.total.unpriced} jobs nothing is known." * bool(plan.total.unpriced)
    return (
        f"About {hours:.1f} hours of one core after the other, so at least {hours / cores:.1f} on "
        f"{cores} cores ({', '.join(known) or 'no price is known'}).{unknown}"
    )


def _hours(time: Time) -> list[str]:
    hours = f"{time.seconds / 3600:.2f}" if time.unpriced < time.jobs else "–"
    if 0 < time.unpriced < time.jobs:
        hours += f" ({time.jobs - time.unpriced} of {time.jobs} jobs)"
    return [str(time.jobs), hours]


def saving(shared: SharedPhase) -> str:
    """Return what it saves to train CE once for all losses, in words."""
    if not shared.alone or shared.trained >= shared.alone:
        return "Training CE once for all losses saves nothing in this plan."
    share = 1 - shared.trained / shared.alone
    return (
        f"Training CE once for all losses takes {shared.trained:,} iterations instead of "
        f"{shared.alone:,}: {share:.0%} less."
    )


def _empty(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    """Return a table without rows: columns of names, then columns of numbers."""
    shown = Table(title=title, box=box.SIMPLE_HEAD)
    for name in names:
        shown.add_column(name, no_wrap=True)
    for name in numbers:
        shown.add_column(name, justify="right")
    return shown


def _numbers(cost: Cost) -> list[str]:
    measured = "–"
    if cost.measured_jobs:
        measured = f"{cost.measured_hours:.2f}"
        if cost.measured_jobs < cost.gpu_jobs:
            measured += f" ({cost.measured_jobs} of {cost.gpu_jobs} jobs)"
    return [str(cost.jobs), str(cost.gpu_jobs), f"{cost.limit_hours:.1f}", measured]
