"""Subcommands of NS-ROM: classifier → integral model → first labels → … → mining."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    NEW_FILE,
    dataset_option,
    parameters_option,
)
from smallobjects.pseudo_labels.nsrom.parameters import (
    AttentionClassifierParameters,
    FirstLabelParameters,
    IntegralParameters,
    MiningParameters,
)
from smallobjects.pseudo_labels.stage_options import (
    attention_option,
    one_line_errors,
    output_option,
    processes_option,
    saliency_option,
    split_option,
    training_options,
)

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.context import TrainingContext


@click.command()
@training_options(
    AttentionClassifierParameters, "Class activation maps of the trained classifier (.npz)"
)
@click.option(
    "--attention", required=True, type=NEW_FILE, help="Maps gathered in training (.npz) to write."
)
def train_nsrom_classifier(
    context: "TrainingContext",
    parameters: AttentionClassifierParameters,
    attention: Path,
    output: Path,
) -> None:
    """Train the classifier that gathers attention, and make its activation maps (NS-ROM)."""
    from smallobjects.pseudo_labels.attention.store import write_attention
    from smallobjects.pseudo_labels.nsrom.classifier import train_classifier
    from smallobjects.pseudo_labels.nsrom.maps import square_maps

    network, gathered = train_classifier(context, parameters)
    write_attention(attention, gathered.maps(context.image_ids, context.dataset.image_classes))
    maps = square_maps(
        network, context.dataset, context.image_ids, parameters.input_size, context.device
    )
    write_attention(output, maps)


@click.command()
@training_options(IntegralParameters, "Maps of the integral model (.npz)")
@attention_option
def train_nsrom_integral(
    context: "TrainingContext",
    attention: Path,
    parameters: IntegralParameters,
    output: Path,
) -> None:
    """Train the integral model on the gathered maps, and make its own (NS-ROM)."""
    from smallobjects.pseudo_labels.attention.store import read_attention, write_attention
    from smallobjects.pseudo_labels.nsrom.integral import train_integral
    from smallobjects.pseudo_labels.nsrom.maps import square_maps

    gathered = read_attention(attention, context.image_ids)
    network = train_integral(context, gathered, parameters)
    maps = square_maps(
        network, context.dataset, context.image_ids, parameters.input_size, context.device
    )
    write_attention(output, maps)


@click.command()
@dataset_option
@split_option
@click.option("--maps", required=True, type=EXISTING_FILE, help="Maps of the integral model.")
@click.option(
    "--activations", required=True, type=EXISTING_FILE, help="Maps of the trained classifier."
)
@saliency_option
@parameters_option(FirstLabelParameters)
@processes_option
@output_option("First labels (.zip)")
@one_line_errors
def make_nsrom_labels(
    dataset: Path,
    split: str,
    maps: Path,
    activations: Path,
    saliency: Path,
    parameters: FirstLabelParameters,
    threads: int,
    output: Path,
) -> None:
    """Make the labels on which the first segmentor is trained (NS-ROM)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.attention.store import read_attention
    from smallobjects.pseudo_labels.labels.archive import write_labels
    from smallobjects.pseudo_labels.nsrom.label_lists import first_labels

    data = PreparedDataset.open(dataset)
    image_ids = data.split(split)
    stores = (read_attention(path, image_ids) for path in (maps, activations))
    with write_labels(output) as archive:
        for image_id, label in first_labels(
            data, image_ids, *stores, saliency, parameters, threads
        ):
            archive.write(image_id, label)


@click.command()
@dataset_option
@split_option
@click.option("--first", required=True, type=EXISTING_FOLDER, help="Folder of the first labels.")
@click.option(
    "--predictions",
    required=True,
    type=EXISTING_FOLDER,
    help="Predictions of the segmentor trained on them.",
)
@saliency_option
@parameters_option(MiningParameters)
@processes_option
@output_option("Final labels (.zip)")
@one_line_errors
def mine_nsrom_labels(
    dataset: Path,
    split: str,
    first: Path,
    predictions: Path,
    saliency: Path,
    parameters: MiningParameters,
    threads: int,
    output: Path,
) -> None:
    """Mine objects outside salient regions from the first segmentor's predictions (NS-ROM)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.labels.archive import write_labels
    from smallobjects.pseudo_labels.nsrom.label_lists import final_labels

    data = PreparedDataset.open(dataset)
    image_ids = data.split(split)
    with write_labels(output) as archive:
        for image_id, label in final_labels(
            data, image_ids, first, predictions, saliency, parameters, threads
        ):
            archive.write(image_id, label)
