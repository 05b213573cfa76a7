"""The learning curves of the losses of every model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from smallobjects.losses.arms import parse_arm
from smallobjects.plot_style import LOSS_COLOURS, LOSS_TITLES, trim
from smallobjects.reporting.plots.parameters import LearningCurves
from smallobjects.reporting.plots.small_multiples import GridContent, small_multiples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHARED = "shared"
COLUMNS = ("labels", "segmentor", "loss", "iteration", "learning_rate", "value", "ewc_penalty")


def read_curves(models: Sequence[LearningCurves]) -> pd.DataFrame:
    """Read the learning curves of models; those that are not there are left out.

    Returns:
        The columns `COLUMNS`: loss is `shared` or the name of an arm, whose rows begin after the
        shared phase; value is the mean loss since the row before.

    Raises:
        ValueError: a file is no learning curve.
    """
    found = [pd.DataFrame(columns=list(COLUMNS))]
    for model in models:
        if not model.shared.is_file():
            continue
        shared = _read(model, SHARED, model.shared)
        found.append(shared)
        switch = shared["iteration"].max()
        for loss, path in model.arms.items():
            if path.is_file():
                arm = _read(model, loss, path)
                found.append(arm[arm["iteration"] > switch])
    filled = [table for table in found if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else found[0]


def _read(model: LearningCurves, loss: str, path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path).rename(columns={"loss": "value"})
        return table.assign(labels=model.labels, segmentor=model.segmentor, loss=loss)[
            list(COLUMNS)
        ]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: not the learning curve of a training ({error})") from error


def learning_figure(
    curves: pd.DataFrame, models: Sequence[LearningCurves], title: str, note: str = ""
) -> "Figure":
    """Draw a small panel per model: the shared phase, and what each loss makes of it.

    Args:
        curves: what `read_curves` returned.
        models: for their titles.
        title: printed above.
        note: printed below.

    Returns:
        A figure of the width of a page.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    groups = dict(list(curves.groupby(["labels", "segmentor"], sort=False)))

    def draw(axes: "Axes", key: tuple[str, str]) -> None:
        parts = dict(list(groups[key].groupby("loss", sort=False)))
        start = parts[SHARED].iloc[-1:]
        axes.axvline(start["iteration"].item(), color="0.75", linewidth=0.7, zorder=0)
        for loss, part in parts.items():
            own = part if loss == SHARED else pd.concat([start, part])
            kind = None if loss == SHARED else parse_arm(loss).kind
            colour = "0.55" if kind is None else LOSS_COLOURS[kind]
            label = "CE, shared by all" if kind is None else LOSS_TITLES[kind]
            axes.plot(own["iteration"], own["value"], color=colour, linewidth=1, label=label)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        trim(axes)

    titles = {(model.labels, model.segmentor): model.title for model in models}
    panels = GridContent({key: titles[key] for key in groups}, draw, "iteration", "training loss")
    return small_multiples(panels, title, note)
