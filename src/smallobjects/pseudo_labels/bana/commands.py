"""Subcommands of BANA: a classifier of parts of boxes, and the labels that it gives."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    NEW_FILE,
)
from smallobjects.pseudo_labels.bana.parameters import BanaLabelParameters, BoxClassifierParameters
from smallobjects.pseudo_labels.stage_options import (
    shard_options,
    training_options,
)

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.shard_context import ShardContext
    from smallobjects.pseudo_labels.training.context import TrainingContext


@click.command()
@training_options(BoxClassifierParameters, "Box classifier (.pth)")
def train_box_classifier(
    context: "TrainingContext",
    parameters: BoxClassifierParameters,
    output: Path,
) -> None:
    """Train the classifier of parts of boxes and of the background around them (BANA)."""
    from smallobjects.pseudo_labels.bana import training
    from smallobjects.pseudo_labels.bana.network import save_box_classifier

    trained = training.train_box_classifier(context, parameters)
    save_box_classifier(output, trained)


@click.command()
@shard_options(BanaLabelParameters, "Labels of the shard, void where the two differ, (.zip)")
@click.option(
    "--classifier", required=True, type=EXISTING_FILE, help="Output of train-box-classifier."
)
@click.option("--crf", required=True, type=NEW_FILE, help="Y_crf of the shard (.zip) to write.")
@click.option(
    "--retrieved", required=True, type=NEW_FILE, help="Y_ret of the shard (.zip) to write."
)
def make_bana_labels(
    context: "ShardContext",
    classifier: Path,
    parameters: BanaLabelParameters,
    crf: Path,
    retrieved: Path,
    output: Path,
) -> None:
    """Make the two label maps of each image of a shard, and the label where they agree (BANA)."""
    from smallobjects.progress import progress
    from smallobjects.pseudo_labels.bana.labels import label_image
    from smallobjects.pseudo_labels.bana.network import load_box_classifier
    from smallobjects.pseudo_labels.boxes import AnnotatedBoxes
    from smallobjects.pseudo_labels.images import read_image
    from smallobjects.pseudo_labels.labels.archive import write_labels

    network = load_box_classifier(classifier, context.dataset.num_classes).to(context.device)
    boxes = AnnotatedBoxes(context.dataset)
    with (
        write_labels(crf) as crf_archive,
        write_labels(retrieved) as retrieved_archive,
        write_labels(output) as archive,
    ):
        for image_id in progress(context.image_ids, "make BANA labels", len(context.image_ids)):
            image = read_image(context.dataset, image_id)
            objects = boxes.of(image_id, image.shape[:2])
            labels = label_image(network, image, objects, parameters, context.device)
            crf_archive.write(image_id, labels.crf)
            retrieved_archive.write(image_id, labels.retrieved)
            archive.write(image_id, labels.agreed)
