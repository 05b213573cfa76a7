"""Subcommands of the stages that are AMN's own: a network trained on seeds, and its maps."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
)
from smallobjects.pseudo_labels.amn.parameters import AmnParameters
from smallobjects.pseudo_labels.parameters import MapParameters
from smallobjects.pseudo_labels.stage_options import (
    classifier_option,
    seeds_option,
    shard_options,
    training_options,
)

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.shard_context import ShardContext
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
@shard_options(MapParameters, "Maps of the shard (.npz)")
@click.option("--amn", required=True, type=EXISTING_FILE, help="Output of train-amn.")
@click.option(
    "--seeds",
    required=True,
    type=EXISTING_FILE,
    help="The seeds that it was trained on, of the same shard.",
)
def make_amn_cams(
    context: "ShardContext",
    amn: Path,
    seeds: Path,
    parameters: MapParameters,
    output: Path,
) -> None:
    """Make the manipulated maps of one shard of a split (AMN)."""
    import numpy as np

    from smallobjects.pseudo_labels.amn.maps import amn_maps
    from smallobjects.pseudo_labels.amn.network import load_amn
    from smallobjects.pseudo_labels.cams.shard import write_shard
    from smallobjects.pseudo_labels.irn.seed_samples import read_seed
    from smallobjects.pseudo_labels.labels.archive import LabelArchives

    network = load_amn(amn, context.dataset.num_classes - 1).to(context.device)
    with LabelArchives([seeds]) as archive:
        archive.require(context.image_ids)

        def maps_of(image_id: str, image: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
            seed = read_seed(archive, image_id, image.shape[:2])
            return amn_maps(network, image, classes, seed, parameters, context.device)

        write_shard(context, maps_of, output, "make AMN maps")
