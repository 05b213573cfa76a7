"""Scoring predictions in PNG files, image by image and in parallel."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from smallobjects.image_lists import read_lines
from smallobjects.metrics.areas import class_areas
from smallobjects.metrics.checks import MaskNames
from smallobjects.metrics.ground_truth import Truth, Truths
from smallobjects.metrics.image_scores import image_scores
from smallobjects.metrics.instances import ROW, SIZE_LIMITS
from smallobjects.metrics.masks import masks_of, read_mask
from smallobjects.parallel import ordered_map

if TYPE_CHECKING:
    import pandas as pd

# Every batch costs a few wake-ups of processes and threads; the last ones leave workers idle.
BATCH = 64


@dataclass(frozen=True)
class MaskValues:
    """What the values of the masks mean."""

    num_classes: int
    """Classes, background included."""
    size_limits: tuple[int, int] = SIZE_LIMITS
    """Areas in pixels; small < first <= medium < second <= large."""


class ImageFiles(NamedTuple):
    """What is scored of one image, not yet read."""

    prediction: Path
    truth: Truth


class BatchScores(NamedTuple):
    """The scores of a few images."""

    rows: list[np.ndarray]
    """For each image, its rows (dtype `ROW`)."""
    confusion: np.ndarray
    """C×(C+1) int64, summed over the images."""
    areas: list[np.ndarray]
    """For each image, its areas (dtype `AREAS`)."""


class ImagesToScore(NamedTuple):
    """The images to score."""

    images: dict[str, Path]
    """Their predictions, by id, in the order in which they are scored."""
    skipped: int
    """Images left out because something of them is missing."""


def select_images(
    predictions: Path, truths: Truths, listed: list[str] | None, skip_missing: bool
) -> ImagesToScore:
    """Find the images to score.

    Args:
        predictions: a folder of `<image id>.png`.
        truths: the ground truth.
        listed: the ids to score, in this order; without, all that have a prediction or a ground
            truth, sorted.
        skip_missing: leave out images of which something is missing.

    Raises:
        ValueError: something of an image is missing (without `skip_missing`), or of all of them.
    """
    predicted = masks_of(predictions)
    known = truths.images()
    images, lacking = {}, []
    for image in sorted(predicted.keys() | known) if listed is None else listed:
        if image in predicted:
            lack = truths.lacks(image)
        else:
            lack = f"{predictions / image}.png: there is no prediction of this image"
        if lack is None:
            images[image] = predicted[image]
        else:
            lacking.append(lack)
    if lacking and not skip_missing:
        raise ValueError(
            f"{lacking[0]} ({len(lacking)} of {len(images) + len(lacking)} images lack something); "
            "add it, list the images to score, or skip the missing"
        )
    if not images:
        raise ValueError(f"{lacking[0]}; of every image something is missing")
    return ImagesToScore(images, len(lacking))


def score_image(files: ImageFiles, scale: MaskValues) -> tuple[np.ndarray, np.ndarray]:
    """Read and score one image.

    Returns:
        The rows of `instance_ious` and the matrix of `confusion_matrix`.

    Raises:
        ValueError: a mask is missing, unreadable, of another size or of other classes, or an
            instance has not one class; the message names the file.
    """
    prediction = read_mask(files.prediction, "prediction")
    truth = files.truth.read()
    names = MaskNames(str(files.prediction), truth.semantic_name, truth.instances_name)
    return image_scores(
        prediction,
        truth.semantic,
        truth.instances,
        scale.num_classes,
        size_limits=scale.size_limits,
        names=names,
    )


def score_batch(scale: MaskValues, batch: list[ImageFiles]) -> BatchScores:
    """Score a few images; what comes back is small, however large the masks are."""
    scores = [score_image(files, scale) for files in batch]
    rows, matrices = map(list, zip(*scores, strict=True))
    return BatchScores(rows, sum(matrices), [class_areas(matrix) for matrix in matrices])


def score_batches(
    files: Iterable[ImageFiles], scale: MaskValues, workers: int = 1
) -> Iterator[BatchScores]:
    """Score many images and yield their scores in their order, `BATCH` images at a time.

    Args:
        files: the images.
        scale: what the values of the masks mean.
        workers: processes; with 1, this process does the work.

    Raises:
        ValueError: as `score_image`, for the first image that cannot be scored.
    """
    # One batch is one item, so that what a worker sends is summed over a batch already.
    yield from ordered_map(partial(score_batch, scale), _batches(files), workers, chunk_size=1)


def _batches(files: Iterable[ImageFiles]) -> Iterator[list[ImageFiles]]:
    files = iter(files)
    while batch := list(itertools.islice(files, BATCH)):
        yield batch


def rows_table(rows: list[np.ndarray], images: list[str]) -> "pd.DataFrame":
    """Put the rows of several images under each other.

    Args:
        rows: for each image, its rows (dtype `ROW`).
        images: image ids, in the same order.

    Returns:
        The columns of `ROW` after a column `image`; `size` is missing for background rows.
    """
    import pandas as pd

    together = np.concatenate([np.empty(0, ROW), *rows])
    table = pd.DataFrame({name: together[name] for name in ROW.names})
    table["size"] = table["size"].astype("str").where(table["class_id"] > 0)
    image = pd.Series(np.repeat(np.array(images, dtype=object), [len(part) for part in rows]))
    table.insert(0, "image", image.astype("str"))
    return table


def read_image_list(path: Path) -> list[str]:
    """Read image ids, one a line.

    Raises:
        ValueError: it is no text, there is none, or one is named twice (its instances would count
            twice).
    """
    try:
        images = read_lines(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: no list of image ids ({error}); save it as UTF-8") from error
    if not images:
        raise ValueError(f"{path}: no image ids in this list; expected one a line")
    twice = [image for image, times in Counter(images).items() if times > 1]
    if twice:
        raise ValueError(f"{path}: {twice[0]} is named more than once; list each image once")
    return images
