"""Subcommands of EDAM: train its masks, make them, and make labels of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    dataset_option,
    parameters_option,
)
from smallobjects.pseudo_labels.edam.parameters import EdamParameters, LabelParameters
from smallobjects.pseudo_labels.parameters import MapParameters
from smallobjects.pseudo_labels.stage_options import (
    cams_option,
    one_line_errors,
    output_option,
    processes_option,
    saliency_option,
    shard_options,
    training_options,
)

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.shard_context import ShardContext
    from smallobjects.pseudo_labels.training.context import TrainingContext


@click.command()
@training_options(EdamParameters, "Network (.pth)")
@click.option(
    "--classifier",
    type=EXISTING_FILE,
    help="Output of train-classifier, where the settings start from it.",
)
def train_edam(
    context: "TrainingContext",
    classifier: Path | None,
    parameters: EdamParameters,
    output: Path,
) -> None:
    """Train a mask of every class on pairs of images that share a class (EDAM)."""
    from smallobjects.pseudo_labels.cams.classifier import load_classifier
    from smallobjects.pseudo_labels.edam import training
    from smallobjects.pseudo_labels.edam.network import save_edam

    trained = training.train_edam(
        context,
        parameters,
        load_classifier(classifier, context.dataset.num_classes - 1) if classifier else None,
    )
    save_edam(output, trained)


@click.command()
@shard_options(MapParameters, "Masks of the shard (.npz)")
@click.option("--edam", required=True, type=EXISTING_FILE, help="Output of train-edam.")
def make_edam_cams(
    context: "ShardContext",
    edam: Path,
    parameters: MapParameters,
    output: Path,
) -> None:
    """Make the masks of the classes that each image of one shard has (EDAM)."""
    import numpy as np

    from smallobjects.pseudo_labels.cams.shard import write_shard
    from smallobjects.pseudo_labels.edam.maps import class_masks
    from smallobjects.pseudo_labels.edam.network import load_edam

    network = load_edam(edam, context.dataset.num_classes - 1).to(context.device)

    def maps_of(_: str, image: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
        return class_masks(network, image, classes, parameters, context.device)

    write_shard(context, maps_of, output, "make masks")


@click.command()
@dataset_option
@cams_option
@saliency_option
@parameters_option(LabelParameters)
@processes_option
@output_option("Labels of the shard (.zip)")
@one_line_errors
def make_edam_labels(
    dataset: Path,
    cams: Path,
    saliency: Path,
    parameters: LabelParameters,
    threads: int,
    output: Path,
) -> None:
    """Make labels of the masks of one shard: a dense CRF, joined with saliency maps (EDAM)."""
    from smallobjects.pseudo_labels.edam.shard import shard_labels
    from smallobjects.pseudo_labels.labels.archive import write_labels

    with write_labels(output) as archive:
        for image_id, label in shard_labels(dataset, cams, saliency, parameters, threads):
            archive.write(image_id, label)
