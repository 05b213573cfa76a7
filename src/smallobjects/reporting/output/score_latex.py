"""Table 2 in LaTeX: every label source by supervision, `CE value (gain)` as the paper prints it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from smallobjects.reporting.output.latex import comment, escape, scale_note, table_environment
from smallobjects.reporting.tables.cells import SUPERVISION_TITLES, ScoreCells
from smallobjects.reporting.tables.comparison import (
    ArmRow,
    ComparedRow,
    Entry,
    compare,
    format_entry,
    format_intervals,
)
from smallobjects.reporting.tables.remarks import Remarks
from smallobjects.reporting.tables.scores import METRICS

METRIC_TITLES = {
    "miou": "mIoU",
    "ia_miou": "IA-mIoU",
    "ia_s": "IA$_S$",
    "ia_m": "IA$_M$",
    "ia_l": "IA$_L$",
}
"""Titles of the scores, in LaTeX."""
REMARK_MARK = r"\textsuperscript{{{}}}"
_ARM_TITLES = {"sb": "$L_{sb}$", "sw": "$L_{sw}$"}


def score_latex(
    table: pd.DataFrame, cells: ScoreCells, scale: str, missing: Sequence[Path] = ()
) -> str:
    """Return Table 2: a row per label source and segmentor, five columns per dataset.

    Args:
        table: the columns of `tables.scores.COLUMNS`, scores in percent; with those
            of `tables.intervals.COLUMNS`, intervals stand below, in small print.
        cells: the cells that the table was made of, for their titles.
        scale: the scale it was made at.
        missing: the summaries that were not there; each is named in a comment.
    """
    rows, remarks = compare(table), Remarks(table)
    datasets = cells.titles("dataset")
    lines = [r"\toprule", *head_lines(["Labels", "Segmentor"], list(datasets.values()))]
    for supervision, title in SUPERVISION_TITLES.items():
        group = [row for row in rows if row.supervision == supervision]
        if not group:
            continue
        width = 2 + len(METRICS) * len(datasets)
        lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\textit{{{title}}}}} \\"]
        for row in group:
            names = row_names(row, cells, remarks)
            lines += row_lines(names, row.entries, list(datasets))
    lines.append(r"\bottomrule")
    return table_environment(
        "table*",
        _caption(rows)
        + seeds_note(table["seeds"])
        + interval_note(table)
        + remark_note(remarks)
        + scale_note(scale),
        "tab:scores",
        "ll" + "l" * len(METRICS) * len(datasets),
        lines,
        [comment(f"missing: {path}") for path in missing],
    )


def head_lines(names: Sequence[str], titles: Sequence[str]) -> list[str]:
    """Return the two header lines: datasets, with a rule under each, and metrics.

    Args:
        names: of the columns before the scores.
        titles: of the datasets.
    """
    spans = [rf"\multicolumn{{{len(METRICS)}}}{{c}}{{{escape(title)}}}" for title in titles]
    starts = [len(names) + 1 + len(METRICS) * position for position in range(len(titles))]
    rules = [rf"\cmidrule(lr){{{start}-{start + len(METRICS) - 1}}}" for start in starts]
    metrics = list(METRIC_TITLES.values()) * len(titles)
    return [
        "& " * len(names) + " & ".join(spans) + r" \\",
        " ".join(rules),
        " & ".join([*names, *metrics]) + r" \\",
    ]


def row_lines(
    titles: Sequence[str], entries: dict[str, dict[str, Entry]], datasets: Sequence[str]
) -> list[str]:
    """Return the line of a row, and below it the intervals of values and of gains, if any.

    Args:
        titles: what stands before the scores, in LaTeX.
        entries: by dataset and metric.
        datasets: the datasets of the columns.
    """
    shown = [entries.get(dataset, {}).get(metric) for dataset in datasets for metric in METRICS]
    scores = [format_entry(entry, gain_pattern="${}$", dash="--") for entry in shown]
    lines = [" & ".join([*titles, *scores]) + r" \\"]
    pairs = [format_intervals(entry, gain_pattern="(${}$)") for entry in shown]
    for texts in zip(*pairs, strict=True):
        if any(texts):
            small = [rf"{{\scriptsize {text}}}" if text else "" for text in texts]
            lines.append("& " * len(titles) + " & ".join(small) + r" \\")
    return lines


def row_names(row: ComparedRow | ArmRow, cells: ScoreCells, remarks: Remarks) -> list[str]:
    """Return the titles of a row's label source, with the mark of its remark, and segmentor."""
    labels, segmentor = cells.titles("labels")[row.labels], cells.titles("segmentor")[row.segmentor]
    return [remarks.marked(row.labels, escape(labels), REMARK_MARK), escape(segmentor)]


def remark_note(remarks: Remarks) -> str:
    """Return the remarks as sentences, after a space, if there are any."""
    texts = enumerate(remarks.texts, 1)
    return "".join(f" {REMARK_MARK.format(place)}{escape(text)}" for place, text in texts)


def interval_note(table: pd.DataFrame) -> str:
    """Return a sentence on the intervals, after a space, if there are any."""
    levels = table["level"].dropna() if "level" in table else []
    if not len(levels):
        return ""
    level = f"{100 * levels.iloc[0]:g}"
    return (
        rf" In brackets: {level}\,\% intervals of a bootstrap over images, of gains on the same "
        "images for both losses."
    )


def seeds_note(seeds: pd.Series) -> str:
    """Return a sentence on the seeds, after a space, if they are several."""
    several = sorted({value for value in seeds if " " in value})
    if several and seeds.nunique() == 1:
        return f" Means over the seeds {several[0].replace(' ', ', ')}."
    return " Means over the seeds that the csv file names." if several else ""


def _caption(rows: list[ComparedRow]) -> str:
    """Return what the numbers are: the losses compared."""
    arms = {
        entry.arm for row in rows for scores in row.entries.values() for entry in scores.values()
    }
    shown = [title for arm, title in _ARM_TITLES.items() if arm in arms]
    caption = r"Scores by supervision, in \%: value with cross-entropy"
    return caption + (f" (gain with {' or '.join(shown)})." if shown else ".")
