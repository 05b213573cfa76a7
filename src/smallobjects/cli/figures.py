"""Figures that describe the datasets, each as .pdf and .png with a csv file beside them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.cli.reporting import json_content, scale_option, validated
from smallobjects.command_options import output_option_ending, seed_option
from smallobjects.plot_style import FORMATS, save_figure
from smallobjects.publishing import publish_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from smallobjects.reporting.tables.cells import DescribedDataset


panels_option = click.option(
    "--panels",
    required=True,
    metavar="JSON",
    help='The datasets: [{"title", "path", "split"}], or @FILE.',
)
output_option = output_option_ending(
    ".pdf",
    beside=".png and .csv get the same name",
    help="The .pdf file to write; the .png and the .csv file go beside it.",
)


@click.command()
@panels_option
@scale_option
@output_option
def figure1(panels: str, scale: str, output: Path) -> None:
    """Draw the instances of each class by size (Figure 1 of the supplement)."""
    from smallobjects.reporting.output.latex import scale_text
    from smallobjects.reporting.plots.classes import class_figure
    from smallobjects.reporting.tables.class_counts import count_classes

    datasets = _datasets(panels)

    def make() -> tuple["pd.DataFrame", "Figure"]:
        table = count_classes(datasets)
        return table, class_figure(table, scale_text(scale))

    _write(make, output)


@click.command()
@panels_option
@click.option(
    "--samples",
    default=4,
    show_default=True,
    type=click.IntRange(min=1),
    help="Images per dataset.",
)
@seed_option
@scale_option
@output_option
def figure3(panels: str, samples: int, seed: int, scale: str, output: Path) -> None:
    """Draw sample images with class masks and outlined instances (Figure 3 of the supplement).

    The images are drawn at random from those that have a small instance and another one; the csv
    file names them.
    """
    from smallobjects.reporting.output.latex import scale_text
    from smallobjects.reporting.plots.samples import sample_figure
    from smallobjects.reporting.tables.samples import choose_samples

    datasets = _datasets(panels)

    def make() -> tuple["pd.DataFrame", "Figure"]:
        table = choose_samples(datasets, samples, seed)
        return table, sample_figure(datasets, table, scale_text(scale))

    _write(make, output)


def _datasets(panels: str) -> tuple["DescribedDataset", ...]:
    from smallobjects.reporting.tables.cells import DescribedDatasets

    return validated(DescribedDatasets, json_content(panels, "--panels"), "--panels").root


def _write(make: Callable[[], tuple["pd.DataFrame", "Figure"]], output: Path) -> None:
    """Publish the csv file and then the figure in every format, and name all files."""
    try:
        table, figure = make()
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    paths = [output.with_suffix(suffix) for suffix in (".csv", *FORMATS)]
    with publish_file(paths[0]) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")
    for path in paths[1:]:
        with publish_file(path) as partial:
            save_figure(figure, partial, path.suffix)
    click.echo(f"wrote {', '.join(map(str, paths))}")
