"""Subcommands of saliency maps: take or predict them, and train a small network for that."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    NEW_FOLDER,
    dataset_option,
    device_option,
    parameters_option,
    seed_option,
    threads_option,
    workers_option,
)
from smallobjects.datasets.saliency_parameters import (
    SaliencyMaskTraining,
    SaliencyNetwork,
    SaliencyParameters,
    SaliencyTraining,
)
from smallobjects.pseudo_labels.stage_options import one_line_errors, output_option, split_option
from smallobjects.pseudo_labels.training.resuming import resumable

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.checkpoint import Checkpoint


@click.command()
@parameters_option(SaliencyTraining)
@parameters_option(SaliencyNetwork, "--network")
@seed_option
@threads_option
@workers_option
@device_option
@output_option("TorchScript network (.pt)")
@one_line_errors
@resumable
def train_saliency(
    parameters: SaliencyTraining,
    network: SaliencyNetwork,
    seed: int,
    threads: int,
    workers: int,
    device: str,
    output: Path,
    checkpoint: "Checkpoint",
) -> None:
    """Train a small saliency network on synthetic scenes of its own, apart from any dataset."""
    from smallobjects.pseudo_labels.devices import prepare_device
    from smallobjects.pseudo_labels.saliency import training

    chosen = prepare_device(device, threads)
    trained = training.train_saliency(
        network,
        parameters,
        seed=seed,
        device=chosen,
        workers=workers,
        checkpoint=checkpoint,
    )
    training.save_saliency_network(output, trained)


@click.command()
@dataset_option
@parameters_option(SaliencyMaskTraining, default=None)
@parameters_option(SaliencyNetwork, "--network")
@seed_option
@threads_option
@workers_option
@device_option
@output_option("TorchScript network (.pt)")
@one_line_errors
@resumable
def train_saliency_on_masks(
    dataset: Path,
    parameters: SaliencyMaskTraining,
    network: SaliencyNetwork,
    seed: int,
    threads: int,
    workers: int,
    device: str,
    output: Path,
    checkpoint: "Checkpoint",
) -> None:
    """Train a saliency network on the masks of other images of a dataset, without classes."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.devices import prepare_device
    from smallobjects.pseudo_labels.saliency.mask_training import train_saliency_on_masks
    from smallobjects.pseudo_labels.saliency.training import save_saliency_network

    trained = train_saliency_on_masks(
        PreparedDataset.open(dataset),
        network,
        parameters,
        seed=seed,
        device=prepare_device(device, threads),
        workers=workers,
        checkpoint=checkpoint,
    )
    save_saliency_network(output, trained)


@click.command()
@dataset_option
@split_option
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Folder of 8-bit grey <id>.png to check and take, or a network (.pt, .onnx).",
)
@parameters_option(SaliencyParameters)
@threads_option
@device_option
@click.option("--output", required=True, type=NEW_FOLDER, help="Folder of maps to make.")
@one_line_errors
def make_saliency(
    dataset: Path,
    split: str,
    source: Path,
    parameters: SaliencyParameters,
    threads: int,
    device: str,
    output: Path,
) -> None:
    """Make the saliency maps of a split: take those that are there, or predict them."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.devices import prepare_device
    from smallobjects.pseudo_labels.saliency.maps import publish_maps
    from smallobjects.pseudo_labels.saliency.sources import describe_origin, maps_from

    data = PreparedDataset.open(dataset)
    chosen = prepare_device(device, threads)
    maps = maps_from(source, data, data.split(split), parameters, chosen)
    publish_maps(data, split, maps, describe_origin(source, parameters, data), output)
