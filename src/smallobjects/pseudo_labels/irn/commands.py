"""Subcommands of the IRN chain: classifier → CAM → seed → edges → random walk → label folder."""

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
from smallobjects.pseudo_labels.parameters import (
    ClassifierParameters,
    EdgeParameters,
    MapParameters,
    RandomWalkParameters,
    SeedParameters,
)
from smallobjects.pseudo_labels.stage_options import (
    cams_option,
    classifier_option,
    one_line_errors,
    output_option,
    processes_option,
    seeds_option,
    shard_options,
    training_options,
)

if TYPE_CHECKING:
    from smallobjects.pseudo_labels.shard_context import ShardContext
    from smallobjects.pseudo_labels.training.context import TrainingContext


@click.command()
@training_options(ClassifierParameters, "Classifier (.pth)")
def train_classifier(
    context: "TrainingContext",
    parameters: ClassifierParameters,
    output: Path,
) -> None:
    """Train the image classifier whose weights give class activation maps."""
    from smallobjects.pseudo_labels.cams import classifier

    trained = classifier.train_classifier(context, parameters)
    classifier.save_classifier(output, trained)


@click.command()
@shard_options(MapParameters, "Maps of the shard (.npz)")
@classifier_option
def make_cams(
    context: "ShardContext",
    classifier: Path,
    parameters: MapParameters,
    output: Path,
) -> None:
    """Make the class activation maps of one shard of a split."""
    import numpy as np

    from smallobjects.pseudo_labels.cams.classifier import load_classifier
    from smallobjects.pseudo_labels.cams.maps import multi_scale_cam
    from smallobjects.pseudo_labels.cams.shard import write_shard

    network = load_classifier(classifier, context.dataset.num_classes - 1).to(context.device)

    def maps_of(_: str, image: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
        return multi_scale_cam(network, image, classes, parameters, context.device)

    write_shard(context, maps_of, output, "make CAMs")


@click.command()
@dataset_option
@cams_option
@parameters_option(SeedParameters)
@processes_option
@output_option("Seeds of the shard (.zip)")
@one_line_errors
def make_seeds(
    dataset: Path, cams: Path, parameters: SeedParameters, threads: int, output: Path
) -> None:
    """Turn the maps of one shard into seeds: sure classes, sure background, 255 elsewhere."""
    from smallobjects.pseudo_labels.irn.seed_shard import shard_seeds
    from smallobjects.pseudo_labels.labels.archive import write_labels

    with write_labels(output) as archive:
        for image_id, seed in shard_seeds(dataset, cams, parameters, threads):
            archive.write(image_id, seed)


@click.command()
@training_options(EdgeParameters, "Edge network (.pth)")
@classifier_option
@seeds_option
def train_edges(
    context: "TrainingContext",
    classifier: Path,
    seeds: tuple[Path, ...],
    parameters: EdgeParameters,
    output: Path,
) -> None:
    """Train the network that predicts class boundaries from the affinities of seed pixels."""
    from smallobjects.pseudo_labels.cams.classifier import load_classifier
    from smallobjects.pseudo_labels.irn.edge_training import train_edges as train
    from smallobjects.pseudo_labels.irn.edges import save_edges
    from smallobjects.pseudo_labels.labels.archive import LabelArchives

    with LabelArchives(list(seeds)) as archives:
        archives.require(context.image_ids)
        trained = train(
            context,
            archives,
            load_classifier(classifier, context.dataset.num_classes - 1),
            parameters,
        )
    save_edges(output, trained)


@click.command()
@dataset_option
@cams_option
@click.option("--edges", required=True, type=EXISTING_FILE, help="Output of train-edges.")
@parameters_option(RandomWalkParameters)
@threads_option
@device_option
@output_option("Labels of the shard (.zip)")
@one_line_errors
def walk_labels(
    dataset: Path,
    cams: Path,
    edges: Path,
    parameters: RandomWalkParameters,
    threads: int,
    device: str,
    output: Path,
) -> None:
    """Spread the maps of one shard by random walk until an edge, and read labels from them."""
    from smallobjects.datasets.prepared import PreparedDataset
    from smallobjects.progress import progress
    from smallobjects.pseudo_labels.cams.store import CamStore
    from smallobjects.pseudo_labels.devices import prepare_device
    from smallobjects.pseudo_labels.images import read_image
    from smallobjects.pseudo_labels.irn.edges import load_edges, predict_edges
    from smallobjects.pseudo_labels.irn.propagation import propagate_label
    from smallobjects.pseudo_labels.labels.archive import write_labels

    data = PreparedDataset.open(dataset)
    chosen = prepare_device(device, threads)
    network = load_edges(edges).to(chosen)
    with CamStore(cams) as store, write_labels(output) as archive:
        for image_id in progress(store.image_ids, "walk", len(store.image_ids)):
            image = read_image(data, image_id)
            classes, maps = store.read(image_id, image.shape[:2])
            edge_map = predict_edges(network, image, parameters.pad_to, chosen)
            label = propagate_label(classes, maps, edge_map, *image.shape[:2], parameters)
            archive.write(image_id, label)
