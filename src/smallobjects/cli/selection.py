"""Subcommands that choose the images of an evaluation set: PASCAL-B."""

from pathlib import Path

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    NEW_FILE,
    parameters_option,
)
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters, SelectionParameters


@click.command()
@click.option("--raw", required=True, type=EXISTING_FOLDER, help="Folder of LVIS and COCO data.")
@parameters_option(LvisParameters)
@click.option(
    "--size-limits",
    nargs=2,
    type=click.IntRange(min=1),
    default=(32**2, 96**2),
    show_default=True,
    help="Areas in pixels where medium and large begin.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that paint masks.",
)
@click.option("--output", required=True, type=NEW_FILE, help="Table (.parquet) to write.")
def find_candidates(
    raw: Path,
    parameters: LvisParameters,
    size_limits: tuple[int, int],
    workers: int,
    output: Path,
) -> None:
    """List every image of LVIS that shows a class of VOC, with its instances by class and size."""
    from smallobjects.datasets.errors import DatasetError
    from smallobjects.datasets.pascal_b import candidates

    if size_limits[0] >= size_limits[1]:
        raise click.BadParameter(f"{size_limits} must rise", param_hint="--size-limits")
    try:
        found = candidates.find_candidates(raw, parameters, size_limits, output, workers)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{found} candidates: {output}")


@click.command()
@click.option(
    "--candidates", required=True, type=EXISTING_FILE, help="Table that find-candidates wrote."
)
@click.option(
    "--decisions",
    type=EXISTING_FILE,
    help="The manual filter: a .csv or .json file with image, decision (accept or reject), "
    "reviewer, note. Without it nothing is filtered by hand, and the report says so.",
)
@parameters_option(SelectionParameters)
@click.option("--images", required=True, type=NEW_FILE, help="List of image ids to write.")
@click.option("--report", required=True, type=NEW_FILE, help="Report (.json) to write.")
def select_images(
    candidates: Path,
    decisions: Path | None,
    parameters: SelectionParameters,
    images: Path,
    report: Path,
) -> None:
    """Select images whose instances are balanced over classes and sizes."""
    from smallobjects.datasets.errors import DatasetError
    from smallobjects.datasets.pascal_b import image_selection

    decisions = decisions or parameters.decisions
    try:
        content = image_selection.select_images(candidates, parameters, images, report, decisions)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    objective, instances = content["objective"], content["instances"]
    click.echo(content["statement"])
    click.echo(
        f"{instances['total']} instances: {instances['small']} small, {instances['medium']} "
        f"medium, {instances['large']} large; {objective['value']:g} too many or too few, and no "
        f"selection has fewer than {objective['bound']:g}"
    )
