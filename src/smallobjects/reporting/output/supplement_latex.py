"""The supplement's Table 2 in LaTeX: fully supervised networks, a block per dataset."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd

from smallobjects.reporting.output.latex import comment, escape, scale_note, table_environment
from smallobjects.reporting.output.score_latex import METRIC_TITLES, seeds_note
from smallobjects.reporting.tables.cells import ScoreCells
from smallobjects.reporting.tables.comparison import Entry, compare, format_entry
from smallobjects.reporting.tables.published import SHOWN, Beside

_KINDS = ("found", "published", "difference")
_TITLES = [METRIC_TITLES[metric] for metric in SHOWN]


def supplement_latex(
    table: pd.DataFrame, cells: ScoreCells, scale: str, missing: Sequence[Path] = ()
) -> str:
    """Return the table as the supplement has it: mIoU, IA-mIoU and IA_S, with CE and the gain.

    Args:
        table: as for `score_latex`, of one label source.
        cells: the cells that the table was made of, for their titles.
        scale: the scale it was made at.
        missing: the summaries that were not there; each is named in a comment.
    """
    titles, rows = cells.titles("segmentor"), compare(table)
    lines = [r"\toprule"]
    for position, (dataset, title) in enumerate(cells.titles("dataset").items()):
        if position:
            lines.append(r"\midrule")
        span = rf"\multicolumn{{{len(SHOWN)}}}{{c}}{{{escape(title)}}}"
        lines += [rf"Dataset & {span} \\", " & ".join(["Method", *_TITLES]) + r" \\", r"\midrule"]
        for row in rows:
            scores = [_latex(row.entries.get(dataset, {}).get(metric)) for metric in SHOWN]
            lines.append(" & ".join([escape(titles[row.segmentor]), *scores]) + r" \\")
    lines.append(r"\bottomrule")
    caption = f"Experimental results of fully-supervised methods for {_list_of(cells)}"
    return table_environment(
        "table",
        f"{caption}." + seeds_note(table["seeds"]) + scale_note(scale),
        "tab:fully-supervised",
        "l" + "c" * len(SHOWN),
        lines,
        [comment(f"missing: {path}") for path in missing],
    )


def published_latex(
    rows: Sequence[Beside], cells: ScoreCells, scale: str, missing: Sequence[Path] = ()
) -> str:
    """Return the same scores, each beside the published one and their difference.

    Args:
        rows: what `beside_published` found.
        cells: the cells that they were made of, for their titles.
        scale: the scale it was made at.
        missing: the summaries that were not there; each is named in a comment.
    """
    titles = cells.titles("segmentor")
    width = 1 + len(_KINDS) * len(SHOWN)
    spans = [rf"\multicolumn{{{len(_KINDS)}}}{{c}}{{{title}}}" for title in _TITLES]
    starts = [2 + len(_KINDS) * position for position in range(len(SHOWN))]
    lines = [
        r"\toprule",
        " & ".join(["", *spans]) + r" \\",
        " ".join(rf"\cmidrule(lr){{{start}-{start + len(_KINDS) - 1}}}" for start in starts),
        " & ".join(["Method", *_KINDS * len(SHOWN)]) + r" \\",
    ]
    for dataset, title in cells.titles("dataset").items():
        block = [row for row in rows if row.dataset == dataset]
        lines += [r"\midrule", rf"\multicolumn{{{width}}}{{l}}{{\textit{{{escape(title)}}}}} \\"]
        for segmentor, of_network in groupby(block, lambda row: row.segmentor):
            scores = [text for row in of_network for text in _texts(row)]
            lines.append(" & ".join([escape(titles[segmentor]), *scores]) + r" \\")
    lines.append(r"\bottomrule")
    return table_environment(
        "table*",
        r"Fully-supervised methods beside the values that the paper's supplement prints, in \%: "
        "value with cross-entropy (gain); differences are those found minus those published."
        + scale_note(scale),
        "tab:fully-supervised-published",
        "l" + "l" * (width - 1),
        lines,
        [comment(f"missing: {path}") for path in missing],
    )


def _texts(row: Beside) -> list[str]:
    difference = format_entry(row.difference, gain_pattern="${}$", dash="--", signed=True)
    return [_latex(row.found), _latex(row.published), difference]


def _latex(entry: Entry | None) -> str:
    return format_entry(entry, gain_pattern="${}$", dash="--")


def _list_of(cells: ScoreCells) -> str:
    *first, last = map(escape, cells.titles("dataset").values())
    return f"{', '.join(first)} and {last}" if first else last
