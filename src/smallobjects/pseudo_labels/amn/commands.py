"""Subcommands of the stages that are AMN's own: a network trained on seeds, and its maps."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    dataset_option,
    device_option,
    parameters_option,
    threads_option,
)
from smallobjects.pseudo_labels.amn.parameters import AmnParameters
from smallobjects.pseudo_labels.parameters import CamParameters
from smallobjects.pseudo_labels.stage_options import (
    classifier_option,
    one_line_errors,
    output_option,
    seeds_option,
    shard_option,
    split_option,
    training_options,
)

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.context import TrainingContext


@click.command()
@training_options(AmnParameters, "Activation manipulation network (.pth)")
@classifier_option
@seeds_option
def train_amn(
    context: "TrainingContext",
    classifier: Path,
    seeds: tuple[Path, ...],
    parameters: AmnParameters,
    output: Path,
) -> None:
    """Train the activation manipulation network on the seeds of all shards (AMN)."""
    from smallobjects.pseudo_labels.amn.network import save_amn
    from smallobjects.pseudo_labels.amn.training import train_amn as train
    from smallobjects.pseudo_labels.cams.classifier import load_classifier
    from smallobjects.pseudo_labels.labels.archive import LabelArchives

    with LabelArchives(list(seeds)) as archives:
        archives.require(context.image_ids)
        trained = train(
            context,
            archives,
            load_classifier(classifier, context.dataset.num_classes - 1),
            parameters,
        )
    save_amn(output, trained)


@click.command()
@dataset_option
@split_option
@click.option("--amn", required=True, type=EXISTING_FILE, help="Output of train-amn.")
@click.option(
    "--seeds",
    required=True,
    type=EXISTING_FILE,
    help="The seeds that it was trained on, of the same shard.",
)
@shard_option
@parameters_option(CamParameters)
@threads_option
@device_option
@output_option("Maps of the shard (.npz)")
@one_line_errors
def make_amn_cams(
    dataset: Path,
    split: str,
    amn: Path,
    seeds: Path,
    shard: str,
    parameters: CamParameters,
    threads: int,
    device: str,
    output: Path,
) -> None:
    """Make the manipulated maps of one shard of a split (AMN)."""
    import numpy as np

    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.amn.maps import amn_maps
    from smallobjects.pseudo_labels.amn.network import load_amn
    from smallobjects.pseudo_labels.cams.shard import write_shard
    from smallobjects.pseudo_labels.devices import select_device
    from smallobjects.pseudo_labels.irn.seed_samples import read_seed
    from smallobjects.pseudo_labels.labels.archive import LabelArchives
    from smallobjects.pseudo_labels.sharding import Shard

    data = PreparedDataset.open(dataset)
    image_ids = Shard.parse(shard).take(data.split(split))
    chosen = select_device(device, threads)
    network = load_amn(amn, data.num_classes - 1).to(chosen)
    with LabelArchives([seeds]) as archive:
        archive.require(image_ids)

        def maps_of(image_id: str, image: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
            seed = read_seed(archive, image_id, image.shape[:2])
            return amn_maps(network, image, classes, seed, parameters, chosen)

        write_shard(data, image_ids, maps_of, output, "make AMN maps")
