"""What `smallobjects score` is given, looked at before anything is scored."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.extras import missing_extra

if TYPE_CHECKING:
    from smallobjects.metrics.ground_truth import Truths

Folders = tuple[Path | None, Path | None]
"""Of class masks and of instance masks."""


def check_options(
    size_limits: tuple[int, int],
    folders: Folders,
    coco: Path | None,
    num_classes: int | None,
    classes: str | None,
) -> None:
    """Refuse options that contradict each other or leave something open.

    Raises:
        UsageError: they do.
    """
    if size_limits[0] >= size_limits[1]:
        raise click.BadParameter(f"{size_limits} must rise", param_hint="--size-limits")
    if coco is None and None in folders:
        raise click.UsageError("give --semantic and --instances, or --coco")
    if coco is not None and folders != (None, None):
        raise click.UsageError("--coco takes the place of --semantic and --instances")
    if num_classes is None and coco is None:
        raise click.UsageError("give --num-classes, the background included")
    if classes is not None and coco is None:
        raise click.UsageError("--classes says what the categories of --coco are; give both")


def check_tables(*outputs: Path | None) -> None:
    """Refuse to begin what ends without the library that writes tables.

    Raises:
        ClickException: a table is to be written, and pyarrow is missing or unfit for this numpy.
    """
    if not any(outputs):
        return
    try:
        importlib.import_module("pyarrow")
    except ImportError as error:
        remedy = missing_extra(error) or "install it"
        raise click.ClickException(
            f"--instances-output and --areas-output need pyarrow ({remedy}); or leave them out"
        ) from error


def ground_truth(
    folders: Folders, coco: Path | None, classes: str | None
) -> tuple["Truths", int | None]:
    """Return the ground truth, and the number of classes, background included, if it says so.

    Raises:
        ValueError: it cannot be used.
    """
    from smallobjects.metrics.ground_truth import TruthFolders

    if coco is None:
        return TruthFolders(*folders), None
    from smallobjects.cli.coco_truth import read_coco_truths

    truths = read_coco_truths(coco, classes)
    if not truths.of_coco:
        names = ", ".join(f"{k} {name}" for k, name in enumerate(truths.class_names, start=1))
        click.echo(f"classes: {names}", err=True)
    return truths, len(truths.class_names) + 1
