"""The subcommand that draws pictures of predictions for reports."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.cli.figures import output_option, write_figure
from smallobjects.cli.options import dataset_option, seed_option
from smallobjects.cli.reporting import scale_option

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@click.command()
@dataset_option
@click.option(
    "--arm",
    "arms",
    nargs=3,
    multiple=True,
    required=True,
    metavar="TITLE PREDICTIONS SCORES",
    help="A column: a model's title, its folder of PNG files, its instances.parquet. The gain is "
    "that of the last over the first.",
)
@click.option("--title", required=True, help="Of the page.")
@click.option(
    "--per-rule",
    default=2,
    show_default=True,
    type=click.IntRange(min=1),
    help="Images with the largest gains, with the largest losses, and at random.",
)
@seed_option
@scale_option
@output_option
def pictures(
    dataset: Path,
    arms: tuple[tuple[str, str, str], ...],
    title: str,
    per_rule: int,
    seed: int,
    scale: str,
    output: Path,
) -> None:
    """Draw images with ground truth and predictions, chosen by the gain of their small objects.

    The csv file has every small object of these images with its IoU by each model.
    """
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.reporting.latex import scale_text
    from smallobjects.reporting.picture_plot import picture_figure
    from smallobjects.reporting.pictures import (
        PicturedArm,
        choose_pictures,
        pictured_objects,
        small_objects,
    )

    if len(arms) < 2:
        raise click.UsageError("give --arm at least twice: a gain is that of one over another")
    columns = [PicturedArm(title=t, predictions=p, scores=s) for t, p, s in arms]

    def make() -> tuple["pd.DataFrame", "Figure"]:
        prepared = PreparedDataset.open(dataset)
        objects = small_objects(columns)
        shown = pictured_objects(objects, choose_pictures(objects, per_rule, seed))
        return shown, picture_figure(prepared, columns, shown, title, scale_text(scale))

    write_figure(make, output)
