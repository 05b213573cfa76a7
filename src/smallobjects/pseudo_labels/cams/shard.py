"""The class maps of all images of a shard, written one after the other."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.cams.store import write_cams
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.progress import progress

MapsOf = Callable[[str, np.ndarray, tuple[int, ...]], np.ndarray]
"""Image id, H×W×3 uint8 image and its K class ids to K×h×w float32 maps at stride 4."""


def write_shard(
    dataset: PreparedDataset, image_ids: Sequence[str], maps_of: MapsOf, output: Path, title: str
) -> None:
    """Publish a store with the maps of the classes that each image has.

    Args:
        dataset: has the images and their classes; an image without classes gets no maps.
        image_ids: of the shard, in the order of the store.
        maps_of: makes the maps of one image.
        output: the store (.npz).
        title: what the progress bar is of.
    """
    with write_cams(output) as store:
        for image_id in progress(image_ids, title, len(image_ids)):
            classes = dataset.image_classes.get(image_id, ())
            maps = maps_of(image_id, read_image(dataset, image_id), classes)
            store.write(image_id, classes, maps)
