"""Drawing size curves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from smallobjects.plot_style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX"
LIMIT_SIDES = (32, 96)
PANEL_COLUMNS = 4


def curve_figure(curves: Mapping[str, pd.DataFrame], level: float) -> "Figure":
    """Draw the curves of one or more models over the counts of their instances.

    Args:
        curves: for each label, what `size_curve` returned; classes get a panel each.
        level: the level of the band, for the legend.

    Returns:
        A figure, to be saved with `savefig`.
    """
    from matplotlib.figure import Figure

    class_ids = sorted({i for curve in curves.values() for i in curve["class_id"].dropna()})
    rows = int(np.ceil(len(class_ids) / PANEL_COLUMNS))
    figure = Figure(figsize=(6.4, 4.8) if not rows else (11, 3.6 + 2.2 * rows), layout="tight")
    grid = figure.add_gridspec(2 + rows, PANEL_COLUMNS, height_ratios=[3, 1] + [2.2] * rows)
    top = figure.add_subplot(grid[0, :])
    counts = figure.add_subplot(grid[1, :], sharex=top)
    overall = {label: curve[curve["class_id"].isna()] for label, curve in curves.items()}
    _draw(top, overall)
    top.set_ylabel("mean IoU of instances")
    top.legend(title=f"band: {100 * level:g} % over images", fontsize="small")
    top.tick_params(labelbottom=False)
    for number, curve in enumerate(overall.values()):
        low, high = curve["side_low"], curve["side_high"]
        counts.hlines(curve["instances"], low, high, color=_colour(number), linewidth=2)
    counts.set_ylim(bottom=0)
    counts.set_ylabel("instances")
    counts.set_xlabel("object size: side of a square of the same area, in pixels")
    for position, class_id in enumerate(class_ids):
        place = grid[2 + position // PANEL_COLUMNS, position % PANEL_COLUMNS]
        panel = figure.add_subplot(place, sharex=top, sharey=top)
        own = {label: curve[curve["class_id"] == class_id] for label, curve in curves.items()}
        _draw(panel, own)
        panel.set_title(f"class {class_id}", fontsize="small")
    return figure


def _draw(axes: "Axes", curves: Mapping[str, pd.DataFrame]) -> None:
    """Draw a line with a band for each curve, and the usual limits of small and medium."""
    for limit in LIMIT_SIDES:
        axes.axvline(limit, color="0.8", linewidth=0.8, zorder=0)
    for number, (label, curve) in enumerate(curves.items()):
        colour, marker = _colour(number), MARKERS[number % len(MARKERS)]
        side = curve["side"].to_numpy()
        axes.plot(side, curve["iou"], color=colour, marker=marker, markersize=3.5, label=label)
        low, high = curve["iou_low"].to_numpy(float), curve["iou_high"].to_numpy(float)
        axes.fill_between(side, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylim(0, 1)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
