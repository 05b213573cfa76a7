"""The ablation table in LaTeX: every loss by itself, with its gain over cross-entropy."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd

from smallobjects.losses.arms import parse_arm
from smallobjects.reporting.output.latex import comment, scale_note, table_environment
from smallobjects.reporting.output.score_latex import (
    head_lines,
    interval_note,
    remark_note,
    row_lines,
    row_names,
    seeds_note,
)
from smallobjects.reporting.tables.cells import ScoreCells
from smallobjects.reporting.tables.comparison import compare_arms
from smallobjects.reporting.tables.remarks import Remarks
from smallobjects.reporting.tables.scores import METRICS

_LOSS_TITLES = {"ce": "CE", "sw": "$L_{sw}$", "sb": "$L_{sb}$"}


def ablation_latex(
    table: pd.DataFrame, cells: ScoreCells, scale: str, missing: Sequence[Path] = ()
) -> str:
    """Return the ablation table: a row per label source, segmentor and loss.

    Args:
        table: as for `score_latex`.
        cells: the cells that the table was made of, for their titles.
        scale: the scale it was made at.
        missing: the summaries that were not there; each is named in a comment.
    """
    datasets, remarks = cells.titles("dataset"), Remarks(table)
    lines = [r"\toprule", *head_lines(["Labels", "Segmentor", "Loss"], list(datasets.values()))]
    for _, group in groupby(compare_arms(table), lambda row: (row.labels, row.segmentor)):
        lines.append(r"\midrule")
        for row in group:
            names = [*row_names(row, cells, remarks), loss_title(row.loss)]
            lines += row_lines(names, row.entries, list(datasets))
    lines.append(r"\bottomrule")
    return table_environment(
        "table*",
        r"The losses one by one, in \%: value (gain over cross-entropy)."
        + seeds_note(table["seeds"])
        + interval_note(table)
        + remark_note(remarks)
        + scale_note(scale),
        "tab:ablation",
        "lll" + "l" * len(METRICS) * len(datasets),
        lines,
        [comment(f"missing: {path}") for path in missing],
    )


def loss_title(name: str) -> str:
    """Return the title of an arm in LaTeX."""
    arm = parse_arm(name)
    tau = [] if arm.tau is None else [rf"$\tau={arm.tau:g}$"]
    strength = [] if arm.strength is None else [rf"$\lambda={arm.strength:g}$"]
    return ", ".join([_LOSS_TITLES[arm.kind], *tau, *strength])
