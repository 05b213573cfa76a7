"""Plots of all models: gains by size, mIoU against small objects, IoU by size, learning curves."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.cli.reporting import json_content, scale_option, validated
from smallobjects.command_options import NEW_FOLDER, seed_option
from smallobjects.plot_style import FORMATS, save_figure
from smallobjects.publishing import publish_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from smallobjects.reporting.plots.parameters import PlotInputs

    Plot = tuple[str, pd.DataFrame, Figure]


@click.command()
@click.option(
    "--inputs",
    required=True,
    metavar="JSON",
    help='{"cells": as --rows of `table2`, "size_limits": {dataset: [a, b]}, "curves": '
    '[{"dataset", "dataset_title", "labels", "segmentor", "title", "shared", "arms": {loss: '
    "file}}]}, or @FILE.",
)
@click.option(
    "--resamples",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Resamples of the images, for the bands of IoU by size.",
)
@seed_option
@scale_option
@click.option(
    "--output",
    required=True,
    type=NEW_FOLDER,
    help="The folder to write to: each plot as .pdf and .png, with its numbers as .csv.",
)
def plots(inputs: str, resamples: int, seed: int, scale: str, output: Path) -> None:
    """Draw the plots of all models.

    gains: what the loss gains by object size, with paired bootstrap intervals over images;
    miou_ia_s: mIoU against IA_S, with an arrow from cross-entropy to the loss; size_curves.DATASET:
    IoU against object size; learning_curves.DATASET. Scores that do not exist are left out.
    """
    from smallobjects.metrics.bootstrap import Bootstrap
    from smallobjects.reporting.output.latex import scale_text
    from smallobjects.reporting.plots.parameters import PlotInputs

    asked = validated(PlotInputs, json_content(inputs, "--inputs"), "--inputs")
    try:
        for name, table, figure in _plots(asked, Bootstrap(resamples, seed), scale_text(scale)):
            with publish_file(output / f"{name}.csv") as partial:
                table.to_csv(partial, index=False, lineterminator="\n")
            for suffix in FORMATS:
                with publish_file(output / f"{name}{suffix}") as partial:
                    save_figure(figure, partial, suffix)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote the plots in {output}")


def _plots(asked: "PlotInputs", bootstrap: object, note: str) -> Iterator["Plot"]:
    from smallobjects.reporting.plots.gains import gain_figure
    from smallobjects.reporting.plots.learning import learning_figure, read_curves
    from smallobjects.reporting.plots.parameters import row_titles
    from smallobjects.reporting.plots.sizes import size_curves, size_figure
    from smallobjects.reporting.plots.trade import trade_figure
    from smallobjects.reporting.tables.intervals import with_intervals
    from smallobjects.reporting.tables.scores import score_table

    cells = asked.cells
    table, _ = score_table(cells.root)
    table = with_intervals(table, cells.root)
    yield "gains", table, gain_figure(table, cells, note)
    yield "miou_ia_s", table, trade_figure(table, cells, note)
    titles = row_titles(cells)
    for name, title in cells.titles("dataset").items():
        curves = size_curves([cell for cell in cells.root if cell.dataset == name], bootstrap)
        limits = asked.size_limits[name]
        yield f"size_curves.{name}", curves, size_figure(curves, titles, limits, title, note)
    for name in dict.fromkeys(model.dataset for model in asked.curves):
        models = [model for model in asked.curves if model.dataset == name]
        curves = read_curves(models)
        figure = learning_figure(curves, models, models[0].dataset_title, note)
        yield f"learning_curves.{name}", curves, figure
