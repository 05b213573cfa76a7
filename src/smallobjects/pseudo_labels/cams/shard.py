"""The class maps of all images of a shard, written one after the other."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from smallobjects.progress import progress
from smallobjects.pseudo_labels.cams.store import write_cams
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.shard_context import ShardContext

MapsOf = Callable[[str, np.ndarray, tuple[int, ...]], np.ndarray]
"""Image id, H×W×3 uint8 image and its K class ids to K×h×w float32 maps at stride 4."""


def write_shard(context: ShardContext, maps_of: MapsOf, output: Path, title: str) -> None:
    """Publish a store with the maps of the classes that each image has.

    Args:
        context: its images, in the order of the store; one without classes gets no maps.
        maps_of: makes the maps of one image.
        output: the store (.npz).
        title: what the progress bar is of.
    """
    with write_cams(output) as store:
        for image_id in progress(context.image_ids, title, len(context.image_ids)):
            classes = context.dataset.image_classes.get(image_id, ())
            maps = maps_of(image_id, read_image(context.dataset, image_id), classes)
            store.write(image_id, classes, maps)
