"""The labels of all images of a shard, over several processes (EDAM)."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.parallel import ordered_map
from smallobjects.progress import progress
from smallobjects.pseudo_labels.cams.store import CamStore
from smallobjects.pseudo_labels.edam.labels import make_label
from smallobjects.pseudo_labels.edam.parameters import LabelParameters
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.saliency.maps import read_map


def shard_labels(
    dataset: Path, cams: Path, saliency: Path, parameters: LabelParameters, processes: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield image id and label (H×W uint8) of every image in a store of masks, in its order.

    Args:
        dataset: the prepared dataset's folder.
        cams: the store of masks.
        saliency: the folder of saliency maps.
        parameters: CRF and thresholds.
        processes: how many to use; they do not change the labels.

    Raises:
        BadInputError: an image, its masks or its saliency map is missing or does not fit.
    """
    with CamStore(cams) as store:
        image_ids = store.image_ids
    label_of = partial(_label_of, PreparedDataset.open(dataset), cams, saliency, parameters)
    labels = ordered_map(label_of, image_ids, processes)
    yield from zip(image_ids, progress(labels, "make labels", len(image_ids)), strict=True)


def _label_of(
    dataset: PreparedDataset,
    cams: Path,
    saliency: Path,
    parameters: LabelParameters,
    image_id: str,
) -> np.ndarray:
    torch.set_num_threads(1)
    image = read_image(dataset, image_id)
    shape = image.shape[:2]
    with CamStore(cams) as store:
        classes, maps = store.read(image_id, shape)
    return make_label(image, classes, maps, read_map(saliency, image_id, shape), parameters)
