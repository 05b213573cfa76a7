"""Table 1 in LaTeX: instances by size, as in the paper's supplement."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from smallobjects.reporting.output.latex import escape, scale_note, table_environment
from smallobjects.reporting.tables.instance_counts import SIZES


@dataclass(frozen=True)
class Column:
    """A column of numbers."""

    dataset: str
    """Its title."""
    counts: str
    """The column of the table with the counts."""
    shares: str
    """The column of the table with the percentages."""


def table_columns(table: pd.DataFrame) -> list[Column]:
    """Return a column for each dataset, and after it that of its published counts, if any."""
    columns = []
    for dataset, rows in table.groupby("dataset", sort=False):
        columns.append(Column(dataset, "instances", "share"))
        if rows["published"].notna().any():
            columns.append(Column(dataset, "published", "published_share"))
    return columns


def format_count(instances: int, share: float, size: str, percent: str = "%") -> str:
    """Write a cell, such as `1,668 (49.0%)`; the total has no percentage."""
    count = f"{int(instances):,}"
    return count if size == "total" or pd.isna(share) else f"{count} ({share:.1f}{percent})"


def instance_latex(table: pd.DataFrame, scale: str, notes: Sequence[str] = ()) -> str:
    r"""Return Table 1: a row per size, a column per dataset, such as `1,668 (49.0\%)`.

    A dataset with published counts has two columns, what was counted and what is published.

    Args:
        table: the columns of `tables.instance_counts.COLUMNS`.
        scale: the scale it was made at.
        notes: sentences that the caption adds, as plain text.
    """
    columns = table_columns(table)
    rows = table.set_index(["dataset", "size"])

    def line(size: str) -> str:
        cells = [
            format_count(row[column.counts], row[column.shares], size, r"\%")
            for column in columns
            for row in [rows.loc[(column.dataset, size)]]
        ]
        return " & ".join([size.capitalize(), *cells]) + r" \\"

    lines = [
        r"\toprule",
        *_head(columns),
        r"\midrule",
        *map(line, SIZES),
        r"\midrule",
        line("total"),
        r"\bottomrule",
    ]
    caption = "The number of instances by size for each dataset."
    if any(column.counts == "published" for column in columns):
        caption += " Published: as the paper's supplement counts them."
    caption = " ".join([caption + scale_note(scale), *map(escape, notes)])
    return table_environment("table", caption, "tab:instances", "l" + "r" * len(columns), lines)


def _head(columns: list[Column]) -> list[str]:
    """Return the header: one line, or two if any dataset has published counts."""
    datasets = list(dict.fromkeys(column.dataset for column in columns))
    if len(datasets) == len(columns):
        return [" & ".join(["Instance size", *map(escape, datasets)]) + r" \\"]
    spans, rules, start = [], [], 2
    for dataset in datasets:
        width = sum(column.dataset == dataset for column in columns)
        spans.append(rf"\multicolumn{{{width}}}{{c}}{{{escape(dataset)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
        start += width
    kinds = ["published" if column.counts == "published" else "counted" for column in columns]
    return [
        " & ".join(["", *spans]) + r" \\",
        " ".join(rules),
        " & ".join(["Instance size", *kinds]) + r" \\",
    ]
