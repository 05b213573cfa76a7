"""What balanced training gains by object size, with paired bootstrap intervals."""

from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from smallobjects.plot_style import SIZE_COLOURS, SIZE_MARKERS, TEXT_WIDTH, trim
from smallobjects.reporting.plots.parameters import compared_rows, row_titles
from smallobjects.reporting.plots.trade import say_no_gain
from smallobjects.reporting.tables.cells import ScoreCells
from smallobjects.reporting.tables.comparison import ComparedRow, compare

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS = {"small": "ia_s", "medium": "ia_m", "large": "ia_l"}
_OFFSETS = {"small": -0.24, "medium": 0.0, "large": 0.24}
"""Of the sizes of a row, where rows are 1 apart."""
ROW_HEIGHT = 0.3
"""Inches."""


def gain_figure(table: pd.DataFrame, cells: ScoreCells, note: str = "") -> "Figure":
    """Draw the gain of each model by size: a panel per dataset, a row per model.

    Args:
        table: what `tables.intervals.with_intervals` returned.
        cells: the cells that it was made of.
        note: printed below the figure.

    Returns:
        A figure of the width of a page.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows, titles = compare(table), row_titles(cells)
    datasets = cells.titles("dataset")
    height = 0.9 + ROW_HEIGHT * len(rows)
    figure = Figure((TEXT_WIDTH, height), layout="constrained")
    panels = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    places = {(row.labels, row.segmentor): place for place, row in enumerate(rows)}
    for axes, (name, title) in zip(panels, datasets.items(), strict=True):
        _draw(axes, compared_rows(rows, name), name, places)
        axes.set_title(title, fontsize=8)
        axes.set_xlabel("gain in percentage points", fontsize=6.5)
        trim(axes)
        axes.grid(visible=False, axis="y")
        for above, below in pairwise(rows):
            if above.supervision != below.supervision:
                place = places[(below.labels, below.segmentor)] - 0.5
                axes.axhline(place, color="0.8", linewidth=0.6)
    panels[0].set_yticks(list(places.values()), [titles[key] for key in places], fontsize=7)
    panels[0].set_ylim(len(rows) - 0.4, -0.6)
    handles = [
        Line2D([], [], color=SIZE_COLOURS[size], marker=SIZE_MARKERS[size], markersize=3.2)
        for size in METRICS
    ]
    names = [f"{size} objects" for size in METRICS]
    figure.legend(handles, names, loc="outside upper right", ncols=3, fontsize=7, frameon=False)
    if note:
        figure.supxlabel(note, fontsize=6, color="0.3")
    return figure


def _draw(
    axes: "Axes", rows: list[ComparedRow], dataset: str, places: dict[tuple[str, str], int]
) -> None:
    if not rows:
        say_no_gain(axes)
        return
    axes.axvline(0, color="0.4", linewidth=0.8)
    for size, metric in METRICS.items():
        points = [
            (row.entries[dataset][metric], places[(row.labels, row.segmentor)] + _OFFSETS[size])
            for row in rows
            if row.entries[dataset][metric].gain is not None
        ]
        style = {"color": SIZE_COLOURS[size], "zorder": 3}
        for entry, y in points:
            if entry.gain_interval:
                axes.plot(entry.gain_interval, (y, y), linewidth=1.1, **style)
        axes.plot(
            [entry.gain for entry, _ in points],
            [y for _, y in points],
            SIZE_MARKERS[size],
            label=f"{size} objects",
            markersize=3.2,
            **style,
        )
