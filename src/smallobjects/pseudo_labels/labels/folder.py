"""A label source's folder: one PNG with the dataset's colours per image of a split."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.labels.archive import decode_label, encode_label
from smallobjects.pseudo_labels.training.augmentation import VOID
from smallobjects.publishing import publish_directory


def check_label(label: np.ndarray, shape: tuple[int, int], num_classes: int, name: str) -> None:
    """Check that a label map fits its image and the dataset's classes.

    Args:
        label: H×W uint8.
        shape: height and width of the image.
        num_classes: including the background.
        name: what the error calls the label map.

    Raises:
        BadInputError: it has another size, or a value that is neither a class nor 255.
    """
    if label.shape != shape:
        raise BadInputError(
            f"{name}: {label.shape[1]}×{label.shape[0]} pixels, but its image has "
            f"{shape[1]}×{shape[0]}; labels must have the size of their image"
        )
    wrong = label[(label >= num_classes) & (label != VOID)]
    if wrong.size:
        raise BadInputError(
            f"{name}: value {wrong[0]} is no class; use 0 for background, 1..{num_classes - 1} "
            "for the classes and 255 for void"
        )


def image_shape(dataset: PreparedDataset, image_id: str) -> tuple[int, int]:
    """Return height and width of an image, from the header of its class mask."""
    return dataset.shape(image_id)


def publish_labels(
    dataset: PreparedDataset,
    image_ids: list[str],
    labels: Iterable[tuple[str, np.ndarray]],
    folder: Path,
) -> np.ndarray:
    """Write a folder of label maps, which appears when it holds every image of the split.

    Args:
        dataset: gives the colours.
        image_ids: the images that must be there.
        labels: image id and H×W uint8, in any order; each image once.
        folder: the folder to make or replace.

    Returns:
        256 int64: how many pixels have each value.

    Raises:
        BadInputError: an image is missing, comes twice, or does not belong to the split; or a
            label map does not fit its image or the classes.
    """
    waiting = set(image_ids)
    pixels = np.zeros(256, dtype=np.int64)
    with publish_directory(folder) as partial:
        for image_id, label in progress(labels, "write labels", len(image_ids)):
            if image_id not in waiting:
                raise BadInputError(f"image {image_id}: its label comes twice or is not asked for")
            waiting.remove(image_id)
            shape = image_shape(dataset, image_id)
            check_label(label, shape, dataset.num_classes, f"label of image {image_id}")
            (partial / f"{image_id}.png").write_bytes(encode_label(label, dataset.palette))
            pixels += np.bincount(label.ravel(), minlength=256)
        if waiting:
            raise BadInputError(f"image {min(waiting)}: no label ({len(waiting)} missing)")
    return pixels


def read_label(folder: Path, image_id: str) -> np.ndarray:
    """Return the H×W uint8 label map of an image.

    Raises:
        BadInputError: the folder has no label of that image, or a damaged one.
    """
    path = folder / f"{image_id}.png"
    if not path.is_file():
        raise BadInputError(
            f"{path}: no label of this image; score labels on a split whose images they cover"
        )
    try:
        return decode_label(path.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise BadInputError(f"{path}: cannot be read ({error}); make the labels again") from error
