"""Subcommands of BBAM: a detector, what it needs of each object, and labels from that."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from smallobjects.command_options import (
    EXISTING_FILE,
    dataset_option,
    device_option,
    parameters_option,
    seed_option,
    threads_option,
)
from smallobjects.pseudo_labels.bbam.parameters import (
    AttributionParameters,
    BbamLabelParameters,
    DetectorParameters,
)
from smallobjects.pseudo_labels.stage_options import (
    one_line_errors,
    output_option,
    processes_option,
    shard_option,
    split_option,
    training_options,
)
from smallobjects.pseudo_labels.training.resuming import with_scratch

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.training.context import TrainingContext


@click.command()
@training_options(DetectorParameters, "Detector (.pth)")
def train_detector(
    context: "TrainingContext",
    parameters: DetectorParameters,
    output: Path,
) -> None:
    """Train an object detector on the boxes (BBAM)."""
    from smallobjects.pseudo_labels.bbam import training
    from smallobjects.pseudo_labels.bbam.detector import save_detector

    trained = training.train_detector(context, parameters)
    save_detector(output, trained)


@click.command()
@dataset_option
@split_option
@click.option("--detector", required=True, type=EXISTING_FILE, help="Output of train-detector.")
@shard_option
@parameters_option(AttributionParameters)
@seed_option
@threads_option
@device_option
@output_option("Masks of the shard's objects (.npz)")
@one_line_errors
@with_scratch
def attribute_boxes(
    dataset: Path,
    split: str,
    detector: Path,
    shard: str,
    parameters: AttributionParameters,
    seed: int,
    threads: int,
    device: str,
    output: Path,
    scratch: Path,
) -> None:
    """Find for each object of a shard the least of the image that the detector needs (BBAM)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.bbam.attribution_store import write_attributions
    from smallobjects.pseudo_labels.bbam.detector import load_detector
    from smallobjects.pseudo_labels.bbam.finished import FinishedBatches
    from smallobjects.pseudo_labels.bbam.shard import shard_attributions
    from smallobjects.pseudo_labels.devices import prepare_device
    from smallobjects.pseudo_labels.sharding import Shard

    data = PreparedDataset.open(dataset)
    image_ids = Shard.parse(shard).take(data.split(split))
    chosen = prepare_device(device, threads)
    network = load_detector(detector, data.num_classes).to(chosen)
    finished = FinishedBatches(scratch)
    found = shard_attributions(
        data, image_ids, network, parameters, seed=seed, device=chosen, finished=finished
    )
    with write_attributions(output) as store:
        for image_id, object_id, mask in found:
            store.write(image_id, object_id, mask)


@click.command()
@dataset_option
@split_option
@click.option(
    "--attributions", required=True, type=EXISTING_FILE, help="Output of attribute-boxes."
)
@shard_option
@parameters_option(BbamLabelParameters)
@processes_option
@output_option("Labels of the shard (.zip)")
@one_line_errors
def make_bbam_labels(
    dataset: Path,
    split: str,
    attributions: Path,
    shard: str,
    parameters: BbamLabelParameters,
    threads: int,
    output: Path,
) -> None:
    """Turn the masks of one shard's objects into labels, void where one is not sure (BBAM)."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.pseudo_labels.bbam.labels import shard_labels
    from smallobjects.pseudo_labels.labels.archive import write_labels
    from smallobjects.pseudo_labels.sharding import Shard

    image_ids = Shard.parse(shard).take(PreparedDataset.open(dataset).split(split))
    with write_labels(output) as archive:
        for image_id, label in shard_labels(dataset, image_ids, attributions, parameters, threads):
            archive.write(image_id, label)
