"""Subcommands that make synthetic raw data and prepared datasets."""

from pathlib import Path

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    NEW_FOLDER,
    parameters_option,
)
from smallobjects.datasets.layouts import known_layouts
from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters


@click.command()
@click.option(
    "--layout",
    required=True,
    type=click.Choice(known_layouts()),
    help="The layout that the raw data has.",
)
@parameters_option(SyntheticParameters)
@click.option("--output", required=True, type=NEW_FOLDER, help="Folder to make.")
def make_synthetic(layout: str, parameters: SyntheticParameters, output: Path) -> None:
    """Draw synthetic scenes and write them as raw data of a real layout."""
    from smallobjects.datasets.errors import DatasetError
    from smallobjects.datasets.synthetic import raw_data

    try:
        raw_data.make_synthetic(layout, parameters, output)
    except (DatasetError, NotADirectoryError) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option("--name", required=True, help="Name of the dataset, such as voc.")
@parameters_option(DatasetParameters)
@click.option("--raw", required=True, type=EXISTING_FOLDER, help="Folder of the raw data.")
@click.option("--output", required=True, type=NEW_FOLDER, help="Folder to make.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that convert images.",
)
@click.option(
    "--selection",
    type=EXISTING_FILE,
    help="Report of select-images, for a split whose source is `selection`.",
)
def prepare_dataset(
    name: str,
    parameters: DatasetParameters,
    raw: Path,
    output: Path,
    workers: int,
    selection: Path | None,
) -> None:
    """Bring raw data into the prepared format that all later stages read."""
    from smallobjects.datasets.errors import DatasetError
    from smallobjects.datasets.preparation import dataset as preparation

    try:
        preparation.prepare_dataset(name, parameters, raw, output, workers, selection)
    except (DatasetError, NotADirectoryError) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("dataset", type=EXISTING_FOLDER)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that read images.",
)
def check(dataset: Path, workers: int) -> None:
    """Verify a prepared dataset: every file, and whether masks, tables and splits agree.

    One line for everything that is wrong: the file, what is wrong with it, and the remedy. The exit
    status is 1 if there is anything.
    """
    from smallobjects.datasets.checks.dataset import check_dataset

    # Printed at the end, so that the lines do not break into the progress bar.
    findings = list(check_dataset(dataset, workers))
    for finding in findings:
        click.echo(str(finding))
    if findings:
        files = len({finding.file for finding in findings})
        raise click.ClickException(f"{dataset}: {len(findings)} findings in {files} files")
    click.echo(f"{dataset}: nothing is wrong")
