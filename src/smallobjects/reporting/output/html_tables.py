"""Tables as pages of HTML, from their csv files."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from smallobjects.reporting.output.html_page import Number, SortableTable
from smallobjects.reporting.output.table_files import read_table
from smallobjects.reporting.output.terminal import METRIC_TITLES
from smallobjects.reporting.tables import instance_counts
from smallobjects.reporting.tables.cells import SUPERVISION_TITLES
from smallobjects.reporting.tables.comparison import (
    ArmRow,
    ComparedRow,
    Entry,
    compare,
    compare_arms,
    format_intervals,
)
from smallobjects.reporting.tables.remarks import Remarks

TITLES = {
    "instances": "Instances by size",
    "scores": "Scores",
    "published": "Scores beside the published ones",
    "runtimes": "Runtimes",
}


def sortable_tables(path: Path) -> tuple[str, list[SortableTable]]:
    """Return a title, and the tables that the csv file of a table fills.

    Raises:
        ValueError: the file is that of no known table.
    """
    kind, table = read_table(path)
    if kind == "instances":
        return TITLES[kind], [_instance_table(table)]
    if kind == "runtimes":
        return TITLES[kind], _runtime_tables(table)
    if kind == "published":
        return TITLES[kind], [_published_table(table)]
    return TITLES[kind], _score_tables(table)


def _instance_table(table: pd.DataFrame) -> SortableTable:
    """Return Table 1: a row per dataset and size."""
    columns = ["Dataset", "Size", "Instances", "Share, %", "Published", "Published share, %"]
    rows = [
        [
            row.dataset,
            row.size,
            _number(row.instances, "{:,.0f}"),
            _number(row.share, "{:.1f}"),
            _number(row.published, "{:,.0f}"),
            _number(row.published_share, "{:.1f}"),
        ]
        for row in table[list(instance_counts.COLUMNS)].itertuples(index=False)
    ]
    return SortableTable("", columns, rows)


def _runtime_tables(table: pd.DataFrame) -> list[SortableTable]:
    table = table.fillna({"source": ""})
    by_rule = table.groupby("rule", sort=False).agg(
        jobs=("jobs", "sum"),
        seconds=("seconds", "sum"),
        cpu_seconds=("cpu_seconds", "sum"),
        max_memory_mb=("max_memory_mb", "max"),
    )
    measures = ["Jobs", "Seconds", "Processor seconds", "Most memory of a job, MB"]

    def numbers(row: tuple) -> list[Number]:
        values = (row.jobs, row.seconds, row.cpu_seconds, row.max_memory_mb)
        return [_number(value, "{:,.0f}") for value in values]

    all_rules = [[row.Index, *numbers(row)] for row in by_rule.itertuples()]
    parts = [
        [row.rule, row.dataset, row.source, *numbers(row)] for row in table.itertuples(index=False)
    ]
    return [
        SortableTable("By rule", ["Rule", *measures], all_rules),
        SortableTable(
            "By rule, dataset and label source",
            ["Rule", "Dataset", "Label source", *measures],
            parts,
        ),
    ]


def _published_table(table: pd.DataFrame) -> SortableTable:
    """Return a row per network, dataset and score."""
    columns = ["Segmentor", "Dataset", "Score", "CE", "gain", "Published CE", "gain"]
    columns += ["Difference, CE", "gain"]
    rows = [
        [
            row.segmentor,
            row.dataset,
            METRIC_TITLES[row.metric],
            _number(row.value, "{:.1f}"),
            _number(row.gain, "{:+.1f}"),
            _number(row.published_value, "{:.1f}"),
            _number(row.published_gain, "{:+.1f}"),
            _number(row.value_difference, "{:+.1f}"),
            _number(row.gain_difference, "{:+.1f}"),
        ]
        for row in table.itertuples(index=False)
    ]
    return SortableTable("in %", columns, rows)


def _score_tables(table: pd.DataFrame) -> list[SortableTable]:
    """Return a table per dataset; several losses beside cross-entropy have rows of their own."""
    several = len(set(table["loss"]) - {"ce"}) > 1
    names = ["Labels", "Segmentor"]
    names = [*names, "Loss"] if several else ["Supervision", *names]
    metrics = [name for title in METRIC_TITLES.values() for name in (title, "gain")]
    what = "value, and gain over CE" if several else "value with CE, and gain"
    found: Sequence[ComparedRow | ArmRow] = compare_arms(table) if several else compare(table)
    tables, remarks = [], Remarks(table)
    for dataset in dict.fromkeys(table["dataset"]):
        rows = [
            [*_names(row, remarks), *_numbers(row.entries[dataset])]
            for row in found
            if dataset in row.entries
        ]
        title = f"{dataset}: {what}, in %"
        tables.append(SortableTable(title, [*names, *metrics], rows, remarks.notes()))
    return tables


def _names(row: ComparedRow | ArmRow, remarks: Remarks) -> list[str]:
    labels = remarks.marked(row.labels, row.labels)
    if isinstance(row, ArmRow):
        return [labels, row.segmentor, row.loss]
    return [SUPERVISION_TITLES[row.supervision], labels, row.segmentor]


def _numbers(entries: dict[str, Entry]) -> list[Number]:
    cells = []
    for metric in METRIC_TITLES:
        entry = entries[metric]
        value, gain = format_intervals(entry, gain_pattern="{}", separator=",")
        cells += [
            _number(entry.value, "{:.1f}", value or ""),
            _number(entry.gain, "{:+.1f}", gain or ""),
        ]
    return cells


def _number(value: float | None, pattern: str, below: str = "") -> Number:
    """Return a cell with an interval below its value; a missing one is a dash."""
    if value is None or pd.isna(value):
        return Number("–", None)
    # Adding zero turns the -0.0 that rounding can leave into 0.0.
    text = "\n".join(filter(None, [pattern.format(round(value, 1) + 0.0), below]))
    return Number(text.replace("-", "−"), float(value))
