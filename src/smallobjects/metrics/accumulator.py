"""Scores of a validation loop, image by image and across processes (update, compute, reset)."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smallobjects.metrics.areas import areas_table, class_areas
from smallobjects.metrics.bootstrap import Bootstrap, uncertainty
from smallobjects.metrics.checks import (
    as_batch,
    check_ignore_index,
    check_num_classes,
    checked_size_limits,
)
from smallobjects.metrics.folders import rows_table
from smallobjects.metrics.image_scores import image_scores
from smallobjects.metrics.image_sums import ImageSums, image_sums
from smallobjects.metrics.instances import SIZE_LIMITS
from smallobjects.metrics.summary import summarize_images

if TYPE_CHECKING:
    import pandas as pd

ImageScores = tuple[np.ndarray, np.ndarray]
"""The rows (dtype `ROW`) and the areas (dtype `AREAS`) of one image."""


def score_masks(
    prediction: np.ndarray,
    semantic: np.ndarray,
    instances: np.ndarray,
    num_classes: int,
    ignore_index: int = 255,
    size_limits: tuple[int, int] = SIZE_LIMITS,
) -> ImageScores:
    """Score one image; the arguments and errors are those of `instance_ious`."""
    rows, confusion = image_scores(
        prediction, semantic, instances, num_classes, ignore_index, tuple(size_limits)
    )
    return rows, class_areas(confusion)


def summarize_scores(
    images: Sequence[str],
    scores: Sequence[ImageScores],
    num_classes: int,
    bootstrap: Bootstrap | None = None,
) -> dict[str, Any]:
    """Average the scores of images.

    Args:
        images: N image ids, all different.
        scores: what `score_masks` returned for each.
        num_classes: C, background included.
        bootstrap: how to resample; None for no intervals.

    Returns:
        What `summarize_images` returns and, with `bootstrap`, what `uncertainty` returns: the
        content of the JSON file that `smallobjects score` writes.
    """
    rows = rows_table([part for part, _ in scores], list(images))
    areas = areas_table([part for _, part in scores], list(images))
    summary = summarize_images(rows, areas, num_classes)
    if bootstrap is not None and images:
        summary |= uncertainty(rows, areas, num_classes, bootstrap)
    return summary


class InstanceIoU:
    """IA-mIoU, its parts by size, and mIoU, in any validation loop.

        >>> metric = InstanceIoU(num_classes=2)
        >>> semantic = np.array([[1, 1, 0], [0, 0, 0]])
        >>> instances = np.array([[1, 1, 0], [0, 0, 0]])
        >>> prediction = np.array([[1, 0, 0], [0, 0, 0]])
        >>> metric.update(prediction, semantic, instances, "image 1")
        >>> metric.compute()["ia_s"]
        0.5

    A few numbers per image are kept, not the masks. Where `torch.distributed` is initialized,
    `compute` gathers the images of all processes, so every process must call it. An image that
    several processes score, as samplers do that pad the last batch, counts once.
    """

    def __init__(
        self,
        num_classes: int,
        ignore_index: int = 255,
        size_limits: tuple[int, int] = SIZE_LIMITS,
        bootstrap: Bootstrap | None = None,
    ) -> None:
        """Start without images.

        Args:
            num_classes: C, background (class 0) included.
            ignore_index: the void value of both ground-truth masks.
            size_limits: areas in pixels; small < first <= medium < second <= large.
            bootstrap: how to resample images for `intervals`; None leaves them out.

        Raises:
            ValueError: the size limits do not rise, or `ignore_index` is a class.
        """
        check_num_classes(num_classes)
        check_ignore_index(ignore_index, num_classes)
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self.size_limits = checked_size_limits(size_limits)
        self.bootstrap = bootstrap
        self._scores: dict[str, ImageScores] = {}

    def __len__(self) -> int:
        """Return the number of images of this process."""
        return len(self._scores)

    def update(self, prediction: Any, semantic: Any, instances: Any, image: Any) -> None:
        """Score an image, or a batch of images of one size.

        Args:
            prediction: H×W or N×H×W integers, an array or a tensor on any device: classes
                0..num_classes-1.
            semantic: the same of the ground truth; `ignore_index` is void.
            instances: the same of the instances: 0 background, ids 1..65535, `ignore_index` void.
            image: the id of the image (for a batch: a sequence of N), which tells images apart.

        Raises:
            ValueError: the masks are no such integers, or an image is scored already or cannot be
                scored; the message names the mask or the image.
        """
        masks = as_batch(prediction, semantic, instances)
        if masks[0].ndim == 2:
            masks, image = [mask[None] for mask in masks], [image]
        names = [str(name) for name in image]
        if any(len(mask) != len(names) for mask in masks):
            lengths = [len(mask) for mask in masks]
            raise ValueError(f"{len(names)} image ids for batches of {lengths} masks")
        for name, *parts in zip(names, *masks, strict=True):
            if name in self._scores:
                raise ValueError(f"image {name!r} is scored already; reset() starts anew")
            try:
                scores = score_masks(*parts, self.num_classes, self.ignore_index, self.size_limits)
            except ValueError as error:
                raise ValueError(f"image {name!r}: {error}") from error
            self._scores[name] = scores

    def merge(self, other: "InstanceIoU") -> None:
        """Add the images of another metric with the same settings.

        Raises:
            ValueError: the settings differ, or the two scored an image differently.
        """
        mine, others = (
            (metric.num_classes, metric.ignore_index, tuple(metric.size_limits))
            for metric in (self, other)
        )
        if mine != others:
            raise ValueError(f"settings differ: {mine} and {others}")
        self._scores = _merged([self._scores, other._scores])

    def tables(self) -> tuple["pd.DataFrame", "pd.DataFrame"]:
        """Return what is behind the scores of all images of all processes, as pandas has it.

        Returns:
            A row for each instance (the columns image, class_id, instance_id, area, size,
            intersection, charged, iou: see `instance_ious`), and a row for each class of each image
            (image, class_id, intersection, prediction_area, truth_area).

        Raises:
            ValueError: two processes scored an image differently.
        """
        scores = _merged(_gather(self._scores))
        images = sorted(scores)
        rows, areas = ([scores[image][part] for image in images] for part in (0, 1))
        return rows_table(rows, images), areas_table(areas, images)

    def sums(self) -> ImageSums:
        """Return what each image adds to the scores, for `paired_difference`.

        Raises:
            ValueError: two processes scored an image differently.
        """
        return image_sums(*self.tables(), self.num_classes)

    def compute(self) -> dict[str, Any]:
        """Return the scores of all images of all processes: see `summarize_scores`.

        Raises:
            ValueError: two processes scored an image differently.
        """
        scores = _merged(_gather(self._scores))
        images = sorted(scores)
        ordered = [scores[image] for image in images]
        return summarize_scores(images, ordered, self.num_classes, self.bootstrap)

    def reset(self) -> None:
        """Forget all images."""
        self._scores = {}


def _gather(scores: dict[str, ImageScores]) -> list[dict[str, ImageScores]]:
    """Return the scores of every process; of this one alone if there are no others."""
    # Whoever runs several processes has imported torch; nobody else needs it here.
    torch = sys.modules.get("torch")
    if torch is None or not torch.distributed.is_available():
        return [scores]
    if not torch.distributed.is_initialized():
        return [scores]
    gathered: list = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(gathered, scores)
    return gathered


def _merged(parts: Sequence[dict[str, ImageScores]]) -> dict[str, ImageScores]:
    """Join the images; one that several parts have must have the same scores in all of them."""
    merged: dict[str, ImageScores] = {}
    for part in parts:
        for image, scores in part.items():
            known = merged.setdefault(image, scores)
            if not all(map(np.array_equal, known, scores)):
                raise ValueError(f"image {image!r} was scored twice, with different results")
    return merged
