"""Subcommands that get files from the network and unpack them."""

from pathlib import Path

import click

from smallobjects.command_options import (
    EXISTING_FOLDER,
    NEW_FILE,
    NEW_FOLDER,
    NEW_PATH,
    parameters_option,
)
from smallobjects.fetching.parameters import RemoteFile


@click.command()
@click.argument("name")
@parameters_option(RemoteFile)
@click.option("--output", required=True, type=NEW_FILE, help="File to make.")
def fetch(name: str, parameters: RemoteFile, output: Path) -> None:
    """Fetch the file NAME, going on where an earlier attempt stopped, and check it.

    A file that is there is checked and never replaced.
    """
    from smallobjects.fetching.errors import FetchError
    from smallobjects.fetching.fetch import fetch_file

    try:
        fetch_file(name, parameters, output)
    except FetchError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("archive", type=NEW_PATH)
@click.option("--member", required=True, help="Folder or file in the archive.")
@click.option("--output", required=True, type=NEW_PATH, help="Folder or file to make.")
def unpack(archive: Path, member: str, output: Path) -> None:
    """Unpack a folder or file of ARCHIVE (zip or tar), whole or not at all.

    What is there is used as it is, and never replaced.
    """
    from smallobjects.fetching import unpack as unpacking
    from smallobjects.fetching.errors import FetchError

    try:
        unpacking.unpack(archive, member, output)
    except FetchError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option("--voc", required=True, type=EXISTING_FOLDER, help="The folder VOCdevkit/VOC2012.")
@click.option(
    "--sbd", required=True, type=EXISTING_FOLDER, help="SBD's folder benchmark_RELEASE/dataset."
)
@click.option("--output", required=True, type=NEW_FOLDER, help="Folder to make.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that convert masks.",
)
def convert_sbd(voc: Path, sbd: Path, output: Path, workers: int) -> None:
    """Join VOC 2012 and SBD to a raw folder of VOC with the split train_aug."""
    from smallobjects.datasets.errors import DatasetError
    from smallobjects.datasets.layouts.voc.sbd import join_sbd

    try:
        train_aug = join_sbd(voc, sbd, output, workers)
    except (DatasetError, NotADirectoryError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"train_aug: {len(train_aug)} images")
