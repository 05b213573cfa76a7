"""Tables in the terminal, from their csv files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from rich import box
from rich.markup import escape
from rich.table import Table

from smallobjects.reporting.output.instance_latex import format_count, table_columns
from smallobjects.reporting.output.table_files import read_table
from smallobjects.reporting.tables import instance_counts
from smallobjects.reporting.tables.cells import SUPERVISION_TITLES
from smallobjects.reporting.tables.comparison import (
    ArmRow,
    ComparedRow,
    Entry,
    compare,
    compare_arms,
    format_entry,
    format_intervals,
)
from smallobjects.reporting.tables.remarks import Remarks

METRIC_TITLES = {
    "miou": "mIoU",
    "ia_miou": "IA-mIoU",
    "ia_s": "IA_S",
    "ia_m": "IA_M",
    "ia_l": "IA_L",
}


def terminal_tables(path: Path) -> list[Table]:
    """Return the tables that the csv file of a table fills: one for each dataset of scores.

    Raises:
        ValueError: the file is neither.
    """
    kind, table = read_table(path)
    if kind == "instances":
        return [_instance_table(table)]
    if kind == "scores":
        return list(_score_tables(table))
    if kind == "published":
        return list(_published_tables(table))
    return [_runtime_table(table)]


def _instance_table(table: pd.DataFrame) -> Table:
    """Return Table 1: a row per size, a column per dataset, and one per published counts."""
    shown = Table(title="Instances by size", box=box.SIMPLE_HEAD)
    shown.add_column("Instance size", no_wrap=True)
    columns, rows = table_columns(table), table.set_index(["dataset", "size"])
    for column in columns:
        published = " (published)" if column.counts == "published" else ""
        shown.add_column(escape(column.dataset) + published, justify="right")
    for size in (*instance_counts.SIZES, "total"):
        cells = [
            format_count(row[column.counts], row[column.shares], size)
            for column in columns
            for row in [rows.loc[(column.dataset, size)]]
        ]
        shown.add_row(size.capitalize(), *cells, end_section=size == instance_counts.SIZES[-1])
    return shown


def _runtime_table(table: pd.DataFrame) -> Table:
    """Return a row per rule: its jobs, and how long they took together."""
    shown = Table(title="Runtimes", box=box.SIMPLE_HEAD)
    shown.add_column("Rule", no_wrap=True)
    for name in ("Jobs", "Seconds", "Processor seconds"):
        shown.add_column(name, justify="right")
    for rule, part in table.groupby("rule", sort=False):
        sums = part[["jobs", "seconds", "cpu_seconds"]].sum()
        shown.add_row(escape(rule), *(f"{value:,.0f}" for value in sums))
    return shown


def _score_tables(table: pd.DataFrame) -> Iterator[Table]:
    """Yield the scores dataset by dataset: several losses beside CE have rows of their own."""
    several = len(set(table["loss"]) - {"ce"}) > 1
    rows, arms, remarks = compare(table), compare_arms(table), Remarks(table)
    for dataset in dict.fromkeys(table["dataset"]):
        if several:
            shown = _arm_table(dataset, [row for row in arms if dataset in row.entries], remarks)
        else:
            shown = _score_table(dataset, [row for row in rows if dataset in row.entries], remarks)
        if remarks.texts:
            shown.caption = escape("\n".join(remarks.notes()))
            shown.caption_justify = "left"
        yield shown


def _score_table(dataset: str, rows: list[ComparedRow], remarks: Remarks) -> Table:
    """Return a table with a row per label source and segmentor, by supervision."""
    shown = _empty_table(f"{escape(dataset)}: CE value (gain)", ["Labels", "Segmentor"], rows)
    for supervision, title in SUPERVISION_TITLES.items():
        group = [row for row in rows if row.supervision == supervision]
        if not group:
            continue
        shown.add_row(f"[italic]{title}[/italic]")
        for row in group:
            shown.add_row(
                f"  {escape(remarks.marked(row.labels, row.labels))}",
                escape(row.segmentor),
                *_entry_cells(row.entries[dataset]),
                end_section=row is group[-1],
            )
    return shown


def _arm_table(dataset: str, rows: list[ArmRow], remarks: Remarks) -> Table:
    """Return a table with a row per label source, segmentor and loss."""
    title = f"{escape(dataset)}: value (gain over CE)"
    shown = _empty_table(title, ["Labels", "Segmentor", "Loss"], rows)
    for row in rows:
        names = (remarks.marked(row.labels, row.labels), row.segmentor, row.loss)
        shown.add_row(*map(escape, names), *_entry_cells(row.entries[dataset]))
    return shown


def _published_tables(table: pd.DataFrame) -> Iterator[Table]:
    """Yield, dataset by dataset, every score beside the published one and their difference."""
    for dataset, rows in table.groupby("dataset", sort=False):
        title = f"{escape(dataset)}: CE value (gain), in percent"
        shown = Table(title=title, box=box.SIMPLE_HEAD)
        for name in ("Segmentor", "Score", "found", "published", "difference"):
            shown.add_column(name, no_wrap=True)
        for row in rows.astype(object).where(rows.notna(), None).itertuples():
            found = Entry(row.value, row.gain, "sb")
            theirs = Entry(row.published_value, row.published_gain, "sb")
            difference = Entry(row.value_difference, row.gain_difference, "sb")
            shown.add_row(
                escape(row.segmentor),
                METRIC_TITLES[row.metric],
                *(format_entry(entry).replace("-", "−") for entry in (found, theirs)),
                format_entry(difference, signed=True).replace("-", "−"),
            )
        yield shown


def _empty_table(title: str, names: list[str], rows: Sequence[ComparedRow | ArmRow]) -> Table:
    entries = [
        entry for row in rows for of_set in row.entries.values() for entry in of_set.values()
    ]
    note = "; in brackets: bootstrap intervals" if any(each.interval for each in entries) else ""
    shown = Table(title=f"{title}, in percent{note}", box=box.SIMPLE_HEAD)
    for name in [*names, *METRIC_TITLES.values()]:
        shown.add_column(name, no_wrap=True)
    return shown


def _entry_cells(entries: dict[str, Entry]) -> list[str]:
    return [_entry_cell(entries[metric]) for metric in METRIC_TITLES]


def _entry_cell(entry: Entry) -> str:
    """Return a value and its gain, and below them their intervals, if they are there."""
    ends = format_intervals(entry, gain_pattern="{}", separator=",")
    lines = [format_entry(entry), *filter(None, ends)]
    return escape("\n".join(lines).replace("-", "−"))
