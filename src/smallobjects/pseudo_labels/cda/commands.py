"""Subcommands of CDA: cut objects out of finished labels, train a classifier on them pasted."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    dataset_option,
    parameters_option,
)
from smallobjects.pseudo_labels.cda.parameters import CutParameters, PastedClassifierParameters
from smallobjects.pseudo_labels.stage_options import (
    one_line_errors,
    output_option,
    split_option,
    training_options,
)

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.context import TrainingContext

labels_option = click.option(
    "--labels", required=True, type=EXISTING_FOLDER, help="Finished labels of a label source."
)


@click.command()
@dataset_option
@split_option
@labels_option
@parameters_option(CutParameters)
@output_option("Table of cuts (.parquet)")
@one_line_errors
def cut_objects(
    dataset: Path, split: str, labels: Path, parameters: CutParameters, output: Path
) -> None:
    """Find the objects that can be cut out of finished labels."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.cda.cutting import find_cuts, write_cuts

    image_ids = PreparedDataset.open(dataset).split(split)
    cuts = find_cuts(image_ids, labels, parameters)
    write_cuts(output, cuts)
    classes = len({cut.class_id for cut in cuts})
    click.echo(f"{len(cuts)} cuts of {classes} classes from {len(image_ids)} labels", err=True)


@click.command()
@training_options(PastedClassifierParameters, "Classifier (.pth)")
@labels_option
@click.option("--cuts", required=True, type=EXISTING_FILE, help="Output of cut-objects.")
def train_pasted_classifier(
    context: "TrainingContext",
    labels: Path,
    cuts: Path,
    parameters: PastedClassifierParameters,
    output: Path,
) -> None:
    """Train the image classifier on images and on copies with pasted objects."""
    from smallobjects.pseudo_labels.cams.classifier import save_classifier
    from smallobjects.pseudo_labels.cda import training
    from smallobjects.pseudo_labels.cda.cutting import ObjectCuts, read_cuts

    trained = training.train_pasted_classifier(
        context,
        ObjectCuts(context.dataset, labels, read_cuts(cuts)),
        parameters,
    )
    save_classifier(output, trained)
