"""The labels of many images, over several processes: NS-ROM's first and its final ones."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.parallel import ordered_map
from smallobjects.progress import progress
from smallobjects.pseudo_labels.attention.store import AttentionMaps, ImageMaps, enlarge
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.labels.folder import check_label, read_label
from smallobjects.pseudo_labels.nsrom.labels import first_label
from smallobjects.pseudo_labels.nsrom.mining import final_label
from smallobjects.pseudo_labels.nsrom.parameters import FirstLabelParameters, MiningParameters
from smallobjects.pseudo_labels.saliency.maps import read_map

FirstItem = tuple[str, ImageMaps, ImageMaps]


def first_labels(
    dataset: PreparedDataset,
    image_ids: list[str],
    maps: AttentionMaps,
    activations: AttentionMaps,
    saliency: Path,
    parameters: FirstLabelParameters,
    processes: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield image id and first label (H×W uint8) of images, in their order.

    Args:
        dataset: the prepared dataset.
        image_ids: the images.
        maps: those of the integral model.
        activations: the class activation maps of the classifier.
        saliency: folder of saliency maps.
        parameters: the thresholds.
        processes: how many to use; they do not change the labels.
    """
    items = ((image_id, maps[image_id], activations[image_id]) for image_id in image_ids)
    label_of = partial(_first_label, dataset, saliency, parameters)
    labels = ordered_map(label_of, items, processes)
    yield from progress(labels, "make first labels", len(image_ids))


def _first_label(
    dataset: PreparedDataset, saliency: Path, parameters: FirstLabelParameters, item: FirstItem
) -> tuple[str, np.ndarray]:
    torch.set_num_threads(1)
    image_id, (classes, maps), (_, activations) = item
    height, width = read_image(dataset, image_id).shape[:2]
    label = first_label(
        classes,
        enlarge(maps, height, width, "bicubic"),
        enlarge(activations, height, width, "bicubic"),
        read_map(saliency, image_id, (height, width)),
        parameters,
    )
    return image_id, label


def final_labels(
    dataset: PreparedDataset,
    image_ids: list[str],
    first: Path,
    predictions: Path,
    saliency: Path,
    parameters: MiningParameters,
    processes: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield image id and final label (H×W uint8) of images, in their order.

    Args:
        dataset: the prepared dataset.
        image_ids: the images.
        first: folder of the first labels.
        predictions: folder of the first segmentor's predictions.
        saliency: folder of saliency maps.
        parameters: the settings.
        processes: how many to use; they do not change the labels.
    """
    label_of = partial(_final_label, dataset, first, predictions, saliency, parameters)
    labels = ordered_map(label_of, image_ids, processes)
    yield from progress(labels, "mine labels", len(image_ids))


def _final_label(
    dataset: PreparedDataset,
    first: Path,
    predictions: Path,
    saliency: Path,
    parameters: MiningParameters,
    image_id: str,
) -> tuple[str, np.ndarray]:
    shape = read_image(dataset, image_id).shape[:2]
    folders = {"first label": first, "prediction": predictions}
    labels = {name: read_label(folder, image_id) for name, folder in folders.items()}
    for name, label in labels.items():
        check_label(label, shape, dataset.num_classes, f"{folders[name] / image_id}.png ({name})")
    return image_id, final_label(
        labels["first label"],
        labels["prediction"],
        read_map(saliency, image_id, shape),
        len(dataset.image_classes.get(image_id, ())),
        parameters,
    )
