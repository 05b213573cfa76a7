"""Plans, as tables in the terminal."""

from rich import box
from rich.markup import escape
from rich.table import Table

from smallobjects.overview.plan import Cost, Plan, SharedPhase


def plan_tables(plan: Plan) -> list[Table]:
    """Return a table by rule, and one by label source and dataset."""
    by_rule = _costs("Jobs by rule", "Rule")
    for rule, cost in sorted(plan.by_rule.items(), key=lambda item: -item[1].limit_hours):
        by_rule.add_row(escape(rule), *_numbers(cost))
    by_source = _costs("GPU-hours by labels and dataset", "Labels", "Dataset")
    for (source, dataset), cost in sorted(plan.by_source.items()):
        if cost.gpu_jobs:
            by_source.add_row(escape(source or "–"), escape(dataset or "–"), *_numbers(cost))
    by_source.add_section()
    by_source.add_row("all", "", *_numbers(plan.total))
    return [by_rule, by_source]


def saving(shared: SharedPhase) -> str:
    """Return what it saves to train CE once for all losses, in words."""
    if not shared.alone or shared.trained >= shared.alone:
        return "Training CE once for all losses saves nothing in this plan."
    share = 1 - shared.trained / shared.alone
    return (
        f"Training CE once for all losses takes {shared.trained:,} iterations instead of "
        f"{shared.alone:,}: {share:.0%} less."
    )


def _costs(title: str, *names: str) -> Table:
    shown = Table(title=title, box=box.SIMPLE_HEAD)
    for name in names:
        shown.add_column(name, no_wrap=True)
    for name in ("jobs", "with GPU", "GPU-hours, limit", "measured"):
        shown.add_column(name, justify="right")
    return shown


def _numbers(cost: Cost) -> list[str]:
    measured = "–"
    if cost.measured_jobs:
        measured = f"{cost.measured_hours:.2f}"
        if cost.measured_jobs < cost.gpu_jobs:
            measured += f" ({cost.measured_jobs} of {cost.gpu_jobs} jobs)"
    return [str(cost.jobs), str(cost.gpu_jobs), f"{cost.limit_hours:.1f}", measured]
