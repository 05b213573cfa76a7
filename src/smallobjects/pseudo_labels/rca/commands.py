"""Subcommands of RCA: a classifier with a memory, and labels from what it gathered."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import dataset_option, parameters_option
from smallobjects.pseudo_labels.rca.parameters import RcaLabelParameters, RcaParameters
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
@training_options(RcaParameters, "Maps gathered in training (.npz)")
def train_rca(context: "TrainingContext", parameters: RcaParameters, output: Path) -> None:
    """Train the classifier with its memory, and gather its attention (RCA)."""
    from smallobjects.pseudo_labels.attention.store import write_attention
    from smallobjects.pseudo_labels.rca.training import train_rca as train

    _, gathered = train(context, parameters)
    write_attention(output, gathered.maps(context.image_ids, context.dataset.image_classes))


@click.command()
@dataset_option
@split_option
@attention_option
@saliency_option
@parameters_option(RcaLabelParameters)
@processes_option
@output_option("Labels (.zip)")
@one_line_errors
def make_rca_labels(
    dataset: Path,
    split: str,
    attention: Path,
    saliency: Path,
    parameters: RcaLabelParameters,
    threads: int,
    output: Path,
) -> None:
    """Make labels from the gathered attention, by a dense CRF and saliency (RCA)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.attention.store import read_attention
    from smallobjects.pseudo_labels.labels.archive import write_labels
    from smallobjects.pseudo_labels.rca.label_list import rca_labels

    data = PreparedDataset.open(dataset)
    image_ids = data.split(split)
    maps = read_attention(attention, image_ids)
    with write_labels(output) as archive:
        for image_id, label in rca_labels(data, image_ids, maps, saliency, parameters, threads):
            archive.write(image_id, label)
