"""mIoU against IA_S: what the usual score hides of small objects, and what the loss changes."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from smallobjects.plot_style import (
    SUPERVISION_COLOURS,
    SUPERVISION_MARKERS,
    TEXT_WIDTH,
    trim,
)
from smallobjects.reporting.plots.parameters import compared_rows, row_titles
from smallobjects.reporting.tables.cells import SUPERVISION_TITLES, ScoreCells
from smallobjects.reporting.tables.comparison import ComparedRow, compare

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_HEIGHT = 2.9
"""Inches."""
_LABEL_DISTANCE = 0.045
"""Between the lines of two labels, of the height of a panel."""


def trade_figure(table: pd.DataFrame, cells: ScoreCells, note: str = "") -> "Figure":
    """Draw an arrow per model from cross-entropy to the balanced loss: a panel per dataset.

    Args:
        table: the columns of `tables.scores.COLUMNS`, scores in percent.
        cells: the cells that it was made of.
        note: printed below the figure.

    Returns:
        A figure of the width of a page.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows, titles = compare(table), row_titles(cells)
    datasets = cells.titles("dataset")
    figure = Figure((TEXT_WIDTH, PANEL_HEIGHT), layout="constrained")
    panels = figure.subplots(1, len(datasets), squeeze=False)[0]
    for axes, (name, title) in zip(panels, datasets.items(), strict=True):
        _draw(axes, compared_rows(rows, name), name, titles)
        axes.set_title(title, fontsize=8)
        axes.set_xlabel("mIoU, %", fontsize=7)
        trim(axes)
    panels[0].set_ylabel("IA$_S$ (small objects), %", fontsize=7)
    handles = [
        Line2D(
            [],
            [],
            color=SUPERVISION_COLOURS[key],
            marker=SUPERVISION_MARKERS[key],
            markerfacecolor="white",
            markersize=4,
            linewidth=1,
            label=SUPERVISION_TITLES[key],
        )
        for key in SUPERVISION_TITLES
        if any(row.supervision == key for row in rows)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=5, fontsize=6.5, frameon=False)
    if note:
        figure.supxlabel(note, fontsize=6, color="0.3")
    return figure


def _draw(
    axes: "Axes", rows: list[ComparedRow], dataset: str, titles: dict[tuple[str, str], str]
) -> None:
    entries = [row.entries[dataset] for row in rows]
    rows = [row for row, entry in zip(rows, entries, strict=True) if entry["ia_s"].gain is not None]
    if not rows:
        say_no_gain(axes)
        return
    starts = np.array([[row.entries[dataset][m].value for m in ("miou", "ia_s")] for row in rows])
    gains = np.array([[row.entries[dataset][m].gain for m in ("miou", "ia_s")] for row in rows])
    ends = starts + gains
    for row, start, end in zip(rows, starts, ends, strict=True):
        colour = SUPERVISION_COLOURS[row.supervision]
        style = {"arrowstyle": "-|>,head_width=0.14,head_length=0.28", "color": colour}
        arrow = {**style, "linewidth": 1.1, "shrinkA": 2, "shrinkB": 0}
        axes.annotate("", end, start, arrowprops=arrow)
        marker = SUPERVISION_MARKERS[row.supervision]
        axes.plot(*start, marker, color=colour, markerfacecolor="white", markersize=4)
    points = np.concatenate([starts, ends])
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum(high - low, 1)
    # On the right stand the names.
    axes.set_xlim(low[0] - 0.08 * room[0], high[0] + 0.6 * room[0])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}" if value <= 100 else "")
    span = 1.2 * room[1]
    heights = spread(ends[:, 1], _LABEL_DISTANCE * span)
    margin = 0.1 * room[1]
    bottom, top = min(low[1] - margin, heights.min()), max(high[1] + margin, heights.max())
    axes.set_ylim(bottom - margin / 4, top + margin / 4)
    for row, end, height in zip(rows, ends, heights, strict=True):
        colour = SUPERVISION_COLOURS[row.supervision]
        line = {"arrowstyle": "-", "color": "0.75", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
        axes.annotate(
            titles[(row.labels, row.segmentor)],
            end,
            (high[0] + 0.1 * room[0], height),
            fontsize=6,
            color=colour,
            va="center",
            arrowprops=line,
        )


def say_no_gain(axes: "Axes") -> None:
    """Say why there is nothing in a panel of gains."""
    text = "no scores of cross-entropy\nand another loss"
    style = {"ha": "center", "va": "center", "fontsize": 6.5, "color": "0.45"}
    axes.text(0.5, 0.5, text, transform=axes.transAxes, **style)
    axes.set_xticks([])


def spread(heights: np.ndarray, distance: float) -> np.ndarray:
    """Move heights apart, as little as is needed so that they keep a distance, in their order.

    Args:
        heights: N floats.
        distance: between two neighbours.

    Returns:
        N floats, in the order of `heights`. Groups of neighbours that are too near are centred on
        the mean of where they were.
    """
    order = np.argsort(heights, kind="stable")
    groups: list[list[float]] = []
    for wanted in heights[order] - distance * np.arange(len(heights)):
        groups.append([wanted])
        # What is left is to make a sequence rise: neighbours that fall are averaged.
        while len(groups) > 1 and np.mean(groups[-2]) > np.mean(groups[-1]):
            last = groups.pop()
            groups[-1] += last
    placed = np.array([np.mean(group) for group in groups for _ in group])
    moved = np.empty(len(heights))
    moved[order] = placed + distance * np.arange(len(heights))
    return moved
