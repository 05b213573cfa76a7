"""Scoring folders of masks, image by image and in parallel."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from smallobjects.metrics.checks import check_classes, check_shape
from smallobjects.metrics.confusion import confusion_matrix
from smallobjects.metrics.instances import ROW, SIZE_LIMITS, instance_ious
from smallobjects.metrics.masks import read_mask

BATCH = 16


@dataclass(frozen=True)
class MaskFolders:
    """Where the masks are, `<image id>.png` each, and what their values mean."""

    predictions: Path
    semantic: Path
    instances: Path
    num_classes: int
    """Classes, background included."""
    size_limits: tuple[int, int] = SIZE_LIMITS
    """Areas in pixels; small < first <= medium < second <= large."""


class BatchScores(NamedTuple):
    """The scores of a few images."""

    rows: list[np.ndarray]
    """For each image, its rows (dtype `ROW`)."""
    confusion: np.ndarray
    """C×C int64, summed over the images."""


def score_image(folders: MaskFolders, image: str) -> tuple[np.ndarray, np.ndarray]:
    """Read and score one image.

    Returns:
        The rows of `instance_ious` and the matrix of `confusion_matrix`.

    Raises:
        ValueError: a mask is missing, unreadable, of another size or of other classes; the message
            names the file.
    """
    name = f"{image}.png"
    paths = [folders.predictions / name, folders.semantic / name, folders.instances / name]
    purposes = ["prediction", "class mask", "instance mask"]
    prediction, semantic, instances = map(read_mask, paths, purposes)
    check_shape(prediction, instances.shape, str(paths[0]), str(paths[2]))
    check_shape(semantic, instances.shape, str(paths[1]), str(paths[2]))
    check_classes(prediction, folders.num_classes, str(paths[0]))
    check_classes(semantic, folders.num_classes, str(paths[1]), 255)
    try:
        rows = instance_ious(
            prediction, semantic, instances, folders.num_classes, size_limits=folders.size_limits
        )
    except ValueError as error:
        raise ValueError(f"{paths[2]}: {error}") from error
    return rows, confusion_matrix(prediction, semantic, folders.num_classes)


def score_batch(folders: MaskFolders, images: list[str]) -> BatchScores:
    """Score a few images; what comes back is small, however large the masks are."""
    scores = [score_image(folders, image) for image in images]
    return BatchScores([rows for rows, _ in scores], sum(matrix for _, matrix in scores))


def score_batches(
    folders: MaskFolders, images: list[str], workers: int = 1
) -> Iterator[BatchScores]:
    """Score many images and yield their scores in the order of `images`, `BATCH` images at a time.

    Args:
        folders: where the masks are.
        images: image ids.
        workers: processes; with 1, this process does the work.

    Raises:
        ValueError: as `score_image`, for the first image in the list that cannot be scored.
    """
    score = partial(score_batch, folders)
    groups = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    with _mapping(min(workers, len(groups))) as apply:
        yield from apply(score, groups)


@contextmanager
def _mapping(workers: int) -> Iterator:
    """Yield a `map` that keeps the order: the plain one, or one over several processes."""
    if workers <= 1:
        yield map
        return
    # Not forked: the parent may hold threads (a progress bar, Arrow), which a fork would break.
    executor = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield executor.map
    finally:
        executor.shutdown(cancel_futures=True)


def rows_table(rows: list[np.ndarray], images: list[str]) -> pd.DataFrame:
    """Put the rows of several images under each other.

    Args:
        rows: for each image, its rows (dtype `ROW`).
        images: image ids, in the same order.

    Returns:
        The columns of `ROW` after a column `image`; `size` is missing for background rows.
    """
    together = np.concatenate([np.empty(0, ROW), *rows])
    table = pd.DataFrame({name: together[name] for name in ROW.names})
    table["size"] = table["size"].astype("str").where(table["class_id"] > 0)
    image = pd.Series(np.repeat(np.array(images, dtype=object), [len(part) for part in rows]))
    table.insert(0, "image", image.astype("str"))
    return table


def read_image_list(path: Path) -> list[str]:
    """Read image ids, one a line.

    Raises:
        ValueError: there is none, or one is named twice (its instances would count twice).
    """
    images = path.read_text().split()
    if not images:
        raise ValueError(f"{path}: no image ids in this list; expected one a line")
    twice = [image for image, times in Counter(images).items() if times > 1]
    if twice:
        raise ValueError(f"{path}: {twice[0]} is named more than once; list each image once")
    return images


def images_of(folder: Path) -> list[str]:
    """Return the ids of all PNG files of a folder, sorted.

    Raises:
        ValueError: there is none.
    """
    images = sorted(path.stem for path in folder.glob("*.png"))
    if not images:
        raise ValueError(f"{folder}: no PNG files in this folder")
    return images
