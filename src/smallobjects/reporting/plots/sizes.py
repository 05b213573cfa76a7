"""IoU against object size for every model of a dataset: small multiples, a line per loss."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from smallobjects.losses.arms import parse_arm
from smallobjects.metrics.bootstrap import Bootstrap
from smallobjects.metrics.curves import size_curve, size_edges
from smallobjects.plot_style import LOSS_COLOURS, LOSS_MARKERS, LOSS_TITLES, trim
from smallobjects.reporting.plots.small_multiples import GridContent, small_multiples
from smallobjects.reporting.tables.cells import ScoreCell
from smallobjects.reporting.tables.score_tables import read_score_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS_PER_DOUBLING = 1


def size_curves(cells: list[ScoreCell], bootstrap: Bootstrap) -> pd.DataFrame:
    """Return IoU by object size for the models of one dataset.

    The objects of all seeds are averaged together; the images are resampled with all seeds.

    Args:
        cells: the cells of the dataset; those without scores are left out.
        bootstrap: how to resample the images for the bands.

    Returns:
        Columns labels, segmentor, loss and those of `size_curve`; empty without scores.
    """
    tables = {}
    for cell in cells:
        paths = [path.with_name("instances.parquet") for path in cell.scores.values()]
        if all(path.is_file() for path in paths):
            rows = pd.concat([read_score_table(path) for path in paths], ignore_index=True)
            tables[(cell.labels, cell.segmentor, cell.loss)] = rows[rows["class_id"] > 0]
    areas = [table["area"] for table in tables.values() if len(table)]
    if not areas:
        return pd.DataFrame(columns=["labels", "segmentor", "loss"])
    edges = size_edges(pd.concat(areas).to_numpy(), BINS_PER_DOUBLING)
    curves = [
        size_curve(table, edges, bootstrap).drop(columns="class_id").assign(**names)
        for key, table in tables.items()
        for names in [dict(zip(("labels", "segmentor", "loss"), key, strict=True))]
    ]
    together = pd.concat(curves, ignore_index=True)
    first = ["labels", "segmentor", "loss"]
    return together[first + [name for name in together if name not in first]]


def size_figure(
    curves: pd.DataFrame,
    titles: Mapping[tuple[str, str], str],
    limits: tuple[int, int],
    title: str,
    note: str = "",
) -> "Figure":
    """Draw a small panel per model with a line and a band for each loss.

    Args:
        curves: what `size_curves` returned.
        titles: of each label source and segmentor.
        limits: areas in pixels that part small, medium and large objects.
        title: printed above.
        note: printed below.

    Returns:
        A figure of the width of a page.
    """
    groups = dict(list(curves.groupby(["labels", "segmentor"], sort=False)))

    def draw(axes: "Axes", key: tuple[str, str]) -> None:
        for limit in limits:
            axes.axvline(limit**0.5, color="0.75", linewidth=0.7, zorder=0)
        for loss, curve in groups[key].groupby("loss", sort=False):
            _draw_curve(axes, loss, curve)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_ylim(0, 1)
        trim(axes)

    panels = GridContent(
        {key: titles[key] for key in groups},
        draw,
        "object size: side of a square of the same area, in pixels",
        "mean IoU",
    )
    return small_multiples(panels, title, note)


def _draw_curve(axes: "Axes", loss: str, curve: pd.DataFrame) -> None:
    kind = parse_arm(loss).kind
    style = {"color": LOSS_COLOURS[kind]}
    axes.plot(
        curve["side"],
        curve["iou"],
        marker=LOSS_MARKERS[kind],
        markersize=2.2,
        linewidth=1,
        label=LOSS_TITLES[kind],
        **style,
    )
    low, high = curve["iou_low"].to_numpy(float), curve["iou_high"].to_numpy(float)
    axes.fill_between(curve["side"], low, high, alpha=0.18, linewidth=0, **style)
