"""How long the stages took, from the benchmark files that Snakemake writes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from smallobjects.plot_style import COLOURS, TEXT_WIDTH, trim

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("rule", "dataset", "source", "jobs", "seconds", "cpu_seconds", "max_memory_mb")
_MEASURED = {"seconds": "s", "cpu_seconds": "cpu_time", "max_memory_mb": "max_rss"}


def read_runtimes(folder: Path) -> pd.DataFrame:
    """Add up the benchmarks of the jobs that are below `<rule>/<dataset>[/<source>]`.

    Jobs of a whole table or figure, whose files are in `folder` itself, are not counted.

    Args:
        folder: the folder of benchmark files (*.tsv).

    Returns:
        The columns `COLUMNS`: source is empty where a job is for all of them; seconds are the sum
        of wall-clock times, cpu_seconds of processor times, and max_memory_mb is the largest
        resident memory of a job; the last two are missing where all jobs were too short to be
        measured. Rules are in the order in which they first ended.

    Raises:
        ValueError: a file is no benchmark.
    """
    rows = [_read(path, folder) for path in folder.glob("*/**/*.tsv")]
    if not rows:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.DataFrame(rows).sort_values(["ended", "dataset", "source"])
    order = {rule: place for place, rule in enumerate(dict.fromkeys(table["rule"]))}
    grouped = table.groupby(["rule", "dataset", "source"], sort=False)
    together = grouped.agg(
        jobs=("seconds", "size"),
        seconds=("seconds", "sum"),
        cpu_seconds=("cpu_seconds", _sum),
        max_memory_mb=("max_memory_mb", "max"),
    ).reset_index()
    together["place"] = together["rule"].map(order)
    ordered = together.sort_values(["place", "dataset", "source"], kind="stable")
    return ordered[list(COLUMNS)].reset_index(drop=True)


def _sum(values: pd.Series) -> float:
    return values.sum(min_count=1)


def _read(path: Path, folder: Path) -> dict:
    rule, dataset, *rest = path.relative_to(folder).with_suffix("").parts
    try:
        table = pd.read_csv(path, sep="\t", na_values=["-"])
        measured = {name: float(table[column].iloc[-1]) for name, column in _MEASURED.items()}
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError(f"{path}: not a benchmark of Snakemake ({error})") from error
    source = rest[0] if rest else ""
    names = {"rule": rule, "dataset": dataset, "source": source, "ended": path.stat().st_mtime}
    return names | measured


def runtime_figure(table: pd.DataFrame, note: str = "") -> "Figure":
    """Draw the processor time of each rule as a bar, parted by dataset.

    Args:
        table: what `read_runtimes` returned.
        note: printed below the figure.

    Returns:
        A figure of the width of a page.
    """
    from matplotlib.figure import Figure

    spent = table.assign(minutes=table["cpu_seconds"].fillna(0).astype(float) / 60)
    rules = list(dict.fromkeys(spent["rule"]))
    by_dataset = spent.pivot_table(
        index="rule", columns="dataset", values="minutes", aggfunc="sum", fill_value=0
    ).reindex(rules)
    figure = Figure((TEXT_WIDTH, 0.9 + 0.17 * len(rules)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(rules))
    for number, dataset in enumerate(by_dataset.columns):
        width = by_dataset[dataset].to_numpy(float)
        colour = COLOURS[number % len(COLOURS)]
        axes.barh(rules, width, left=left, color=colour, label=dataset, height=0.7)
        left += width
    for place, total in enumerate(left):
        axes.text(total, place, f" {total:.1f}", va="center", fontsize=6)
    axes.set_ylim(len(rules) - 0.4, -0.6)
    axes.set_xlim(0, 1.08 * max(left, default=0) or 1)
    axes.set_xlabel("processor time of all jobs, in minutes", fontsize=7)
    trim(axes)
    axes.grid(visible=False, axis="y")
    if rules:
        axes.legend(fontsize=7, frameon=False, loc="best")
    if note:
        figure.supxlabel(note, fontsize=6, color="0.3")
    return figure
