"""A grid of small panels, one per model, with one legend and shared axes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smallobjects.plot_style import TEXT_WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 5
PANEL_HEIGHT = 1.25
"""Inches."""


@dataclass(frozen=True)
class GridContent:
    """What a grid shows."""

    titles: Mapping[Any, str]
    """The title of each panel, by its key."""
    draw: Callable[["Axes", Any], None]
    """Draws the panel of a key; what it labels is in the legend."""
    x_label: str
    y_label: str


def small_multiples(panels: GridContent, title: str, note: str = "") -> "Figure":
    """Draw a panel for each key, in rows of `COLUMNS`.

    Args:
        panels: what is shown.
        title: printed above the grid.
        note: printed below it.

    Returns:
        A figure of the width of a page; without panels it has its title alone.
    """
    from matplotlib.figure import Figure

    count = max(1, len(panels.titles))
    rows = -(-count // COLUMNS)
    figure = Figure((TEXT_WIDTH, 0.75 + PANEL_HEIGHT * rows), layout="constrained")
    columns = min(COLUMNS, count)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    handles: dict[str, Any] = {}
    for axes, (key, name) in zip(grid, panels.titles.items(), strict=False):
        panels.draw(axes, key)
        axes.set_title(name, fontsize=7, pad=2)
        handles.update(dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True)))
    for place, axes in enumerate(grid):
        if place >= len(panels.titles):
            axes.set_axis_off()
        elif place + columns >= len(panels.titles):
            axes.tick_params(labelbottom=True)
    figure.suptitle(title, fontsize=8, x=0.01, ha="left", weight="bold")
    figure.supylabel(panels.y_label, fontsize=7)
    figure.supxlabel(panels.x_label + (f"\n{note}" if note else ""), fontsize=7)
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside upper right",
        ncols=max(1, len(handles)),
        fontsize=7,
        frameon=False,
    )
    return figure
