"""Subcommand of the stage that is RIB's own: maps of a classifier fine-tuned on each image."""

from pathlib import Path

import click

from smallobjects.command_options import (
    dataset_option,
    device_option,
    parameters_option,
    seed_option,
    threads_option,
    workers_option,
)
from smallobjects.pseudo_labels.parameters import MapParameters
from smallobjects.pseudo_labels.rib.parameters import RibParameters
from smallobjects.pseudo_labels.stage_options import (
    classifier_option,
    one_line_errors,
    output_option,
    shard_option,
    split_option,
)


@click.command()
@dataset_option
@split_option
@classifier_option
@shard_option
@parameters_option(RibParameters)
@parameters_option(MapParameters, "--cam")
@seed_option
@threads_option
@workers_option
@device_option
@output_option("Maps of the shard (.npz)")
@one_line_errors
def make_rib_cams(
    dataset: Path,
    split: str,
    classifier: Path,
    shard: str,
    parameters: RibParameters,
    cam: MapParameters,
    seed: int,
    threads: int,
    workers: int,
    device: str,
    output: Path,
) -> None:
    """Make the maps of one shard of a split, fine-tuning the classifier on each image (RIB)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.cams.classifier import load_classifier
    from smallobjects.pseudo_labels.cams.store import write_cams
    from smallobjects.pseudo_labels.devices import prepare_device
    from smallobjects.pseudo_labels.rib.shard import shard_rib_maps
    from smallobjects.pseudo_labels.sharding import Shard

    data = PreparedDataset.open(dataset)
    all_ids = data.split(split)
    image_ids = Shard.parse(shard).take(all_ids)
    chosen = prepare_device(device, threads)
    network = load_classifier(classifier, data.num_classes - 1).to(chosen)
    made = shard_rib_maps(
        data,
        image_ids,
        all_ids,
        network,
        cam,
        parameters,
        seed=seed,
        device=chosen,
        workers=workers,
    )
    with write_cams(output) as store:
        for image_id, classes, maps in made:
            store.write(image_id, classes, maps)
