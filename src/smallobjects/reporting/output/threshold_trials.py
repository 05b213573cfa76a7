"""Thresholds that were tried: a table for the terminal, a csv file, and a plot."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from smallobjects.plot_style import COLOURS, TEXT_WIDTH, trim
from smallobjects.pseudo_labels.tuning.trials import Trial

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.table import Table

CRITERION_TITLES = {
    "miou": "mIoU",
    "extent_iou": "IoU of extents with those of the boxes",
    "explained_variance": "variance between the sides, largest 100",
}
SHOWN_ROWS = 20
"""About as many rows has the table in the terminal; the csv file has all."""
MARKERS = {"chosen": "*", "in use": "o", "published": "s"}


def trial_frame(trials: Sequence[Trial], criterion: str) -> "pd.DataFrame":
    """Return a row per trial: its settings, the criterion (0..1), and what stands beside it."""
    import pandas as pd

    rows = [{**trial.settings, criterion: trial.value, **trial.beside} for trial in trials]
    return pd.DataFrame(rows)


def trial_table(trials: Sequence[Trial], criterion: str, marked: Mapping[str, Trial]) -> "Table":
    """Return the curve for the terminal: some of its points, and all that are marked.

    Of two thresholds, a row is the best partner of each value of the first.

    Args:
        trials: in rising order.
        criterion: a key of `CRITERION_TITLES`.
        marked: trials by what they are, such as `chosen`.
    """
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD)
    names = [*trials[0].settings, *trials[0].beside]
    for name in trials[0].settings:
        shown.add_column(name.replace("_", " "), justify="right")
    shown.add_column(CRITERION_TITLES[criterion], justify="right")
    for name in trials[0].beside:
        shown.add_column(name.replace("_", " "), justify="right")
    shown.add_column("")
    for trial in _thinned(trials, list(marked.values())):
        marks = ", ".join(what for what, other in marked.items() if other == trial)
        numbers = [f"{trial.settings[name]:.2f}" for name in trial.settings]
        beside = [f"{100 * trial.beside[name]:.1f} %" for name in names if name in trial.beside]
        shown.add_row(*numbers, percent(trial.value), *beside, marks)
    return shown


def percent(value: float | None) -> str:
    """Return a value of 0..1 in percent, with one digit; a dash for None."""
    return "–" if value is None else f"{100 * value:.1f}"


def _thinned(trials: Sequence[Trial], kept: Sequence[Trial]) -> list[Trial]:
    """Return at most about `SHOWN_ROWS` trials with all that are to be kept, in their order."""
    if len(trials[0].settings) > 1:
        best: dict[float, Trial] = {}
        for trial in (trial for trial in trials if trial.allowed):
            key = next(iter(trial.settings.values()))
            if key not in best or (trial.value or 0) > (best[key].value or 0):
                best[key] = trial
        chosen = list(best.values())
    else:
        chosen = list(trials[:: -(-len(trials) // SHOWN_ROWS)])
    return [trial for trial in trials if trial in chosen or trial in kept]


def trial_figure(
    trials: Sequence[Trial], criterion: str, marked: Mapping[str, Trial], title: str
) -> "Figure":
    """Draw the criterion against one threshold as a line, against two as a map of colours."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(TEXT_WIDTH / 2, 2.6), layout="constrained")
    axes = figure.add_subplot()
    trim(axes)
    axes.set_title(title, fontsize=7)
    names = [name.replace("_", " ") for name in trials[0].settings]
    axes.set_xlabel(names[0], fontsize=7)
    if len(names) == 1:
        points = [(*tuple(trial.settings.values()), trial.value) for trial in trials]
        axes.plot(*_line(points), color=COLOURS[0], linewidth=1)
        axes.set_ylabel(f"{CRITERION_TITLES[criterion]}, %", fontsize=7)
    else:
        drawn = _draw_map(axes, trials)
        bar = figure.colorbar(drawn, ax=axes)
        bar.set_label(f"{CRITERION_TITLES[criterion]}, %", fontsize=7)
        bar.ax.tick_params(labelsize=6)
        axes.set_ylabel(names[1], fontsize=7)
    for number, (what, trial) in enumerate(marked.items()):
        place = [*trial.settings.values()]
        place += [100 * (trial.value or 0)] * (len(names) == 1)
        style = {"marker": MARKERS[what], "color": COLOURS[number + 1], "linestyle": "none"}
        axes.plot(*([each] for each in place), label=what, markersize=5, zorder=3, **style)
    axes.legend(fontsize=6)
    return figure


def _line(points: Sequence[tuple[float, float | None]]) -> tuple[list[float], list[float]]:
    values = [float("nan") if value is None else 100 * value for _, value in points]
    return [threshold for threshold, _ in points], values


def _draw_map(axes: "Axes", trials: Sequence[Trial]) -> object:
    """Draw a cell for every pair that may be chosen; the others stay white."""
    pairs = [tuple(trial.settings.values()) for trial in trials]
    first, second = (sorted({pair[place] for pair in pairs}) for place in (0, 1))
    cells = np.full((len(second), len(first)), np.nan)
    for (x, y), trial in zip(pairs, trials, strict=True):
        if trial.allowed and trial.value is not None:
            cells[second.index(y), first.index(x)] = 100 * trial.value
    axes.grid(visible=False)
    return axes.pcolormesh(first, second, np.ma.masked_invalid(cells), shading="nearest")
