"""Figure 1 of the supplement: instances of each class by size, one panel per dataset."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from smallobjects.plot_style import SIZE_COLOURS, TEXT_WIDTH
from smallobjects.reporting.tables.instance_counts import SIZES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOGARITHMIC_FROM = 20
"""A panel has a logarithmic axis if its largest count is more than so many times its median one."""
PANEL_HEIGHT = 2.2
"""Inches, with the names of the classes."""
_GROUP_WIDTH = 0.84
"""Of the bars of a class, where classes are 1 apart."""


def class_figure(table: pd.DataFrame, note: str = "") -> "Figure":
    """Draw grouped bars: classes by id, and within a class large, medium and small.

    Classes without any instance are left out, and the title of the panel says how many these are.

    Args:
        table: the columns of `tables.class_counts.COLUMNS`.
        note: to be printed below the figure.

    Returns:
        A figure of the width of a page.
    """
    from matplotlib.figure import Figure

    panels = list(table.groupby("dataset", sort=False))
    figure = Figure((TEXT_WIDTH, PANEL_HEIGHT * len(panels)), layout="constrained")
    rows = figure.subplots(len(panels), squeeze=False)[:, 0]
    for axes, letter, (title, part) in zip(
        rows, "abcdefghijklmnopqrstuvwxyz", panels, strict=False
    ):
        counts = part.pivot(index=["class_id", "class"], columns="size", values="instances")
        shown = counts[counts.sum(axis=1) > 0]
        _draw(axes, shown)
        empty = len(counts) - len(shown)
        suffix = f" ({empty} classes without instances are not shown)" if empty else ""
        axes.set_title(f"({letter}) {title}{suffix}", fontsize=8)
    handles, labels = rows[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, fontsize=7, frameon=False)
    if note:
        figure.supxlabel(note, fontsize=6, color="0.3")
    return figure


def _draw(axes: "Axes", counts: pd.DataFrame) -> None:
    """Draw the bars of one dataset, a row of `counts` per class."""
    from matplotlib.ticker import MaxNLocator

    positions, width = np.arange(len(counts)), _GROUP_WIDTH / len(SIZES)
    for number, size in enumerate(SIZES):
        offset = (number - (len(SIZES) - 1) / 2) * width
        axes.bar(positions + offset, counts[size], width, color=SIZE_COLOURS[size], label=size)
    values = counts.to_numpy()
    values = values[values > 0]
    if values.size and values.max() > LOGARITHMIC_FROM * np.median(values):
        # From below 1, so that a single instance has a bar.
        axes.set_yscale("log")
        axes.set_ylim(0.5, 2 * values.max())
        axes.set_ylabel("instances (log)", fontsize=7)
    else:
        axes.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        axes.set_ylabel("instances", fontsize=7)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="0.88", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    names = counts.index.get_level_values("class")
    axes.set_xticks(positions, names, rotation=90, fontsize=7 if len(names) <= 40 else 5)
    axes.tick_params(axis="x", length=0, pad=1)
    axes.tick_params(axis="y", labelsize=6)
    axes.set_xlim(-0.6, max(len(counts), 1) - 0.4)
