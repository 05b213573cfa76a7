"""The labels of many images, over several processes."""

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
from smallobjects.pseudo_labels.rca.labels import rca_label
from smallobjects.pseudo_labels.rca.parameters import RcaLabelParameters
from smallobjects.pseudo_labels.saliency.maps import read_map


def rca_labels(
    dataset: PreparedDataset,
    image_ids: list[str],
    attention: AttentionMaps,
    saliency: Path,
    parameters: RcaLabelParameters,
    processes: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield image id and label (H×W uint8) of images, in their order.

    Args:
        dataset: the prepared dataset.
        image_ids: the images.
        attention: the gathered maps.
        saliency: folder of saliency maps.
        parameters: the settings.
        processes: how many to use; they do not change the labels.
    """
    items = ((image_id, attention[image_id]) for image_id in image_ids)
    labels = ordered_map(partial(_label, dataset, saliency, parameters), items, processes)
    yield from progress(labels, "make RCA labels", len(image_ids))


def _label(
    dataset: PreparedDataset,
    saliency: Path,
    parameters: RcaLabelParameters,
    item: tuple[str, ImageMaps],
) -> tuple[str, np.ndarray]:
    torch.set_num_threads(1)
    image_id, (classes, maps) = item
    image = read_image(dataset, image_id)
    shape = image.shape[:2]
    enlarged = enlarge(maps, *shape, "bilinear")
    salient = read_map(saliency, image_id, shape)
    return image_id, rca_label(image, classes, enlarged, salient, parameters)
