"""Subcommands of the label sources that are not made here, and what all label sources share."""

from pathlib import Path

import click

from smallobjects.command_options import (
    NEW_FILE,
    NEW_FOLDER,
    dataset_option,
)
from smallobjects.pseudo_labels.stage_options import one_line_errors, split_option

score_split_option = click.option(
    "--score-split", required=True, help="Split on which the labels are scored."
)
labels_option = click.option(
    "--labels", required=True, type=NEW_FOLDER, help="Folder of <id>.png to write."
)
manifest_option = click.option(
    "--manifest", required=True, type=NEW_FILE, help="Manifest (.json) to write."
)


@click.command()
@dataset_option
@split_option
@score_split_option
@labels_option
@manifest_option
@one_line_errors
def ground_truth_labels(
    dataset: Path, split: str, score_split: str, labels: Path, manifest: Path
) -> None:
    """Take the class masks of a split as its labels (source `full`)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.full.labels import ground_truth_labels
    from smallobjects.pseudo_labels.labels.source import publish_source

    data = PreparedDataset.open(dataset)
    publish_source(
        data,
        split,
        score_split,
        ground_truth_labels(data, data.split(split)),
        source="full",
        parameters={},
        seed=None,
        folder=labels,
        manifest=manifest,
    )


@click.command()
@dataset_option
@split_option
@score_split_option
@click.option("--name", required=True, help="Name of these labels.")
@click.option(
    "--from",
    "origin",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder, zip or tar archive of <id>.png, 8-bit grey or palette.",
)
@labels_option
@manifest_option
@one_line_errors
def external_labels(
    dataset: Path,
    split: str,
    score_split: str,
    name: str,
    origin: Path,
    labels: Path,
    manifest: Path,
) -> None:
    """Check labels that somebody else made and take them as a source (`external:<name>`)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.labels.external import external_labels
    from smallobjects.pseudo_labels.labels.source import publish_source

    data = PreparedDataset.open(dataset)
    publish_source(
        data,
        split,
        score_split,
        external_labels(origin, data, data.split(split)),
        source=f"external:{name}",
        parameters={"from": str(origin)},
        seed=None,
        folder=labels,
        manifest=manifest,
    )
