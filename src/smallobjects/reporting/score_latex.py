"""Table 2 in LaTeX: every label source by supervision, `CE value (gain)` as the paper prints it."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from smallobjects.reporting.cells import SUPERVISION_TITLES, ScoreCells
from smallobjects.reporting.comparison import Row, compare, format_entry, format_intervals
from smallobjects.reporting.latex import comment, escape, scale_note, table_environment
from smallobjects.reporting.scores import METRICS

_METRIC_TITLES = {
    "miou": "mIoU",
    "ia_miou": "IA-mIoU",
    "ia_s": "IA$_S$",
    "ia_m": "IA$_M$",
    "ia_l": "IA$_L$",
}
_ARM_TITLES = {"sb": "$L_{sb}$", "sw": "$L_{sw}$"}


def score_latex(
    table: pd.DataFrame, cells: ScoreCells, scale: str, missing: Sequence[Path] = ()
) -> str:
    """Return Table 2: a row per label source and segmentor, five columns per dataset.

    Args:
        table: the columns of `smallobjects.reporting.scores.COLUMNS`, scores in percent; with those
            of `smallobjects.reporting.intervals.COLUMNS`, intervals stand below, in small print.
        cells: the cells that the table was made of, for their titles.
        scale: the scale it was made at.
        missing: the summaries that were not there; each is named in a comment.
    """
    rows = compare(table)
    datasets = cells.titles("dataset")
    lines = [r"\toprule", *_head(list(datasets.values()))]
    for supervision, title in SUPERVISION_TITLES.items():
        group = [row for row in rows if row.supervision == supervision]
        if not group:
            continue
        width = 2 + len(METRICS) * len(datasets)
        lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\textit{{{title}}}}} \\"]
        for row in group:
            lines += [_line(row, cells), *_interval_lines(row, cells)]
    lines.append(r"\bottomrule")
    return table_environment(
        "table*",
        _caption(rows, table["seeds"]) + _interval_caption(table) + scale_note(scale),
        "tab:scores",
        "ll" + "l" * len(METRICS) * len(datasets),
        lines,
        [comment(f"missing: {path}") for path in missing],
    )


def _head(titles: list[str]) -> list[str]:
    """Return the two header lines: datasets, with a rule under each, and metrics."""
    spans = [rf"\multicolumn{{{len(METRICS)}}}{{c}}{{{escape(title)}}}" for title in titles]
    starts = [3 + len(METRICS) * position for position in range(len(titles))]
    rules = [rf"\cmidrule(lr){{{start}-{start + len(METRICS) - 1}}}" for start in starts]
    metrics = list(_METRIC_TITLES.values()) * len(titles)
    return [
        "& & " + " & ".join(spans) + r" \\",
        " ".join(rules),
        " & ".join(["Labels", "Segmentor", *metrics]) + r" \\",
    ]


def _line(row: Row, cells: ScoreCells) -> str:
    """Return the line of a label source with a segmentor."""
    entries = [
        format_entry(row.entries.get(dataset, {}).get(metric), gain_pattern="${}$", dash="--")
        for dataset in cells.titles("dataset")
        for metric in METRICS
    ]
    titles = [cells.titles("labels")[row.labels], cells.titles("segmentor")[row.segmentor]]
    return " & ".join([*map(escape, titles), *entries]) + r" \\"


def _interval_lines(row: Row, cells: ScoreCells) -> list[str]:
    """Return the lines below it: intervals of the values, and of the gains, where there are any."""
    pairs = [
        format_intervals(row.entries.get(dataset, {}).get(metric), gain_pattern="(${}$)")
        for dataset in cells.titles("dataset")
        for metric in METRICS
    ]
    lines = []
    for texts in zip(*pairs, strict=True):
        if any(texts):
            small = [rf"{{\scriptsize {text}}}" if text else "" for text in texts]
            lines.append("& & " + " & ".join(small) + r" \\")
    return lines


def _interval_caption(table: pd.DataFrame) -> str:
    """Return a sentence on the intervals, after a space, if there are any."""
    levels = table["level"].dropna() if "level" in table else []
    if not len(levels):
        return ""
    level = f"{100 * levels.iloc[0]:g}"
    return (
        rf" In brackets: {level}\,\% intervals of a bootstrap over images, of gains on the same "
        "images for both losses."
    )


def _caption(rows: list[Row], seeds: pd.Series) -> str:
    """Return what the numbers are: the losses compared, and the seeds if they are several."""
    arms = {
        entry.arm for row in rows for scores in row.entries.values() for entry in scores.values()
    }
    shown = [title for arm, title in _ARM_TITLES.items() if arm in arms]
    caption = r"Scores by supervision, in \%: value with cross-entropy"
    caption += f" (gain with {' or '.join(shown)})." if shown else "."
    several = sorted({value for value in seeds if " " in value})
    if several and seeds.nunique() == 1:
        caption += f" Means over the seeds {several[0].replace(' ', ', ')}."
    elif several:
        caption += " Means over the seeds that the csv file names."
    return caption
