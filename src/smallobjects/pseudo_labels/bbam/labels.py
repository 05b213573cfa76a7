"""The label of an image from the pixels of its objects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.parallel import ordered_map
from smallobjects.progress import progress
from smallobjects.pseudo_labels.bbam.attribution_store import AttributionStore
from smallobjects.pseudo_labels.bbam.masks import object_pixels
from smallobjects.pseudo_labels.bbam.parameters import BbamLabelParameters
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes, BoxedObject, largest_first
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.labels.folder import image_shape
from smallobjects.pseudo_labels.training.augmentation import VOID


@dataclass(frozen=True)
class ObjectPixels:
    """The pixels of an object, H×W bool."""

    sure: np.ndarray
    possible: np.ndarray


def merge(
    objects: tuple[BoxedObject, ...],
    pixels: Mapping[int, ObjectPixels],
    shape: tuple[int, int],
) -> np.ndarray:
    """Join the objects of an image into its label.

    Sure pixels get their class, those of two classes are void. Where a box lies within another one,
    its object's class wins, smaller boxes last. Pixels that are possible for an object but not sure
    are void, whatever else they are. An object of which nothing was found makes the background in
    its box void (this project's rule; the public code leaves it background).

    Args:
        objects: of the image.
        pixels: by object id, of every object.
        shape: height and width of the image.

    Returns:
        H×W uint8: 0, class ids, 255.
    """
    label, disputed = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=bool)
    ordered = largest_first(objects)
    for item in ordered:
        sure = pixels[item.object_id].sure
        disputed |= sure & (label != 0) & (label != item.class_id)
        label[sure] = item.class_id
    label[disputed] = VOID
    for item in ordered:
        if any(item.lies_within(other) for other in objects):
            label[pixels[item.object_id].sure] = item.class_id
    for item in ordered:
        found = pixels[item.object_id]
        label[found.possible & ~found.sure] = VOID
        if not (found.possible | found.sure).any():
            region = label[item.window]
            region[region == 0] = VOID
    return label


def label_image(
    image: np.ndarray,
    objects: tuple[BoxedObject, ...],
    masks: Mapping[int, np.ndarray],
    parameters: BbamLabelParameters,
) -> np.ndarray:
    """Make the label of an image from the masks of its objects.

    Args:
        image: H×W×3 uint8, the original RGB values.
        objects: of the image; without any, everything is background.
        masks: by object id, of every object, h×w on its own grid.
        parameters: the settings.

    Returns:
        H×W uint8: 0, class ids, 255.
    """

    def find(item: BoxedObject, threshold: float) -> np.ndarray:
        return object_pixels(image, masks[item.object_id], item, threshold, parameters)

    pixels = {
        item.object_id: ObjectPixels(
            sure=find(item, parameters.sure_threshold),
            possible=find(item, parameters.possible_threshold),
        )
        for item in objects
    }
    return merge(objects, pixels, image.shape[:2])


def _label_of(
    dataset: Path,
    attributions: Path,
    parameters: BbamLabelParameters,
    item: tuple[str, tuple[BoxedObject, ...]],
) -> np.ndarray:
    """Make the label of an image, given by its id and objects, in any process."""
    torch.set_num_threads(1)
    image_id, objects = item
    image = read_image(PreparedDataset.open(dataset), image_id)
    with AttributionStore(attributions) as store:
        masks = {one.object_id: store.read(image_id, one.object_id) for one in objects}
    return label_image(image, objects, masks, parameters)


def shard_labels(
    dataset: Path,
    image_ids: list[str],
    attributions: Path,
    parameters: BbamLabelParameters,
    processes: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield image id and label (H×W uint8) of every image of a shard, in its order.

    Args:
        dataset: the prepared dataset's folder.
        image_ids: the images of the shard.
        attributions: the store of its objects' masks.
        parameters: the settings.
        processes: how many to use; they do not change the labels.

    Raises:
        BadInputError: the store lacks an object, or an image cannot be read.
    """
    data = PreparedDataset.open(dataset)
    boxes = AnnotatedBoxes(data)
    items = ((i, boxes.of(i, image_shape(data, i))) for i in image_ids)
    label_of = partial(_label_of, dataset, attributions, parameters)
    labels = ordered_map(label_of, items, processes)
    yield from zip(image_ids, progress(labels, "make labels", len(image_ids)), strict=True)
