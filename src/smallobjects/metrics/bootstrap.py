"""How far scores would move on other images: the bootstrap over images.

The images of a dataset are drawn anew, with replacement and as many as there are, and scored; the
quantiles of the scores over many such draws are the percentile interval (Efron and Tibshirani, "An
Introduction to the Bootstrap", 1993, chapter 13). Images are drawn, not instances: those of one
image are not independent. What is drawn is the test set; the training is not repeated, so that the
interval says nothing about another seed. A class that a draw has no instance of is left out of that
draw's mean, as one that a dataset has none of: where classes have few images, the draws' means are
over fewer classes than the score's, and an interval can lie beside the score.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from smallobjects.metrics.image_sums import ImageSums, Scores, image_sums, images_behind, scores_of

CHUNK = 32
"""Resamples that are scored together, which bounds the memory: CHUNK numbers per image."""

Interval = list[float] | None


@dataclass(frozen=True)
class Bootstrap:
    """How to resample.

    >>> Bootstrap(resamples=200, level=0.9)
    Bootstrap(resamples=200, seed=0, level=0.9)
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95
    """Share of the resamples that an interval holds."""

    def __post_init__(self) -> None:
        if self.resamples < 1:
            raise ValueError(f"{self.resamples} resamples; at least 1 is needed")
        if not 0 < self.level < 1:
            raise ValueError(f"level {self.level}; expected a share between 0 and 1, such as 0.95")


def resampled_counts(images: int, bootstrap: Bootstrap) -> Iterator[np.ndarray]:
    """Yield how often each image is drawn, for up to `CHUNK` resamples at a time.

    Args:
        images: N.
        bootstrap: the number of resamples and the seed, which alone decide what is drawn.

    Yields:
        B×N float64, whole numbers that add up to N in each row.
    """
    generator = np.random.default_rng(bootstrap.seed)
    for start in range(0, bootstrap.resamples, CHUNK):
        counts = np.empty((min(CHUNK, bootstrap.resamples - start), images))
        for row in counts:
            row[:] = np.bincount(generator.integers(0, images, images), minlength=images)
        yield counts


def resampled_scores(sums: ImageSums, bootstrap: Bootstrap) -> Scores:
    """Score every resample.

    Equal images, resamples and seed mean equal draws: the scores of two models on the same images
    belong together in pairs.

    Args:
        sums: what each image adds to the scores.
        bootstrap: how to resample.
    """
    columns = sums.columns.T.tocsr()
    chunks = [
        scores_of((columns @ counts.T).T, sums.num_classes)
        for counts in resampled_counts(len(sums.images), bootstrap)
    ]
    overall, per_class = (
        {key: np.concatenate([scores[key] for scores in kind]) for key in kind[0]}
        for kind in zip(*chunks, strict=True)
    )
    return Scores(overall, per_class)


def interval(values: np.ndarray, level: float) -> Interval:
    """Return the percentile interval of a score over its resamples.

    Args:
        values: B float64; NaN where a resample has nothing to average, which is left out.
        level: share of the resamples inside.

    Returns:
        The two ends, or None if no resample has a score.
    """
    present = values[~np.isnan(values)]
    if not present.size:
        return None
    return np.quantile(present, [(1 - level) / 2, (1 + level) / 2]).tolist()


def uncertainty(
    rows: pd.DataFrame, areas: pd.DataFrame, num_classes: int, bootstrap: Bootstrap
) -> dict[str, Any]:
    """Return the interval of every score of a dataset.

    Args:
        rows: the table of `smallobjects.metrics.folders.rows_table`.
        areas: the table of `smallobjects.metrics.areas.areas_table`, of the same images.
        num_classes: C, background included.
        bootstrap: how to resample.

    Returns:
        - `intervals`: for each of miou, ia_miou, ia_miou_foreground, ia_s, ia_m, ia_l, miou_i and
          miou_c the two ends, fractions in 0..1, or None; and `per_class`, for each class its
          `class_id` and the ends for iou, ia_iou, ia_s, ia_m and ia_l, None too if a score comes
          from a single image, which says nothing about others;
        - `bootstrap`: resamples, seed and level.

    Raises:
        ValueError: the tables do not belong together, or a class is not in 0..C-1.
    """
    sums = image_sums(rows, areas, num_classes)
    scores, behind = resampled_scores(sums, bootstrap), images_behind(sums)
    intervals: dict[str, Any] = _intervals(scores.overall, bootstrap.level)
    per_class = {
        key: [
            interval(values[:, class_id], bootstrap.level) if behind[key][class_id] > 1 else None
            for class_id in range(num_classes)
        ]
        for key, values in scores.per_class.items()
    }
    intervals["per_class"] = [
        {"class_id": class_id} | {key: ends[class_id] for key, ends in per_class.items()}
        for class_id in range(num_classes)
    ]
    return {"intervals": intervals, "bootstrap": asdict(bootstrap)}


def _intervals(scores: Mapping[str, np.ndarray], level: float) -> dict[str, Interval]:
    return {key: interval(values, level) for key, values in scores.items()}


def mean_scores(runs: Sequence[ImageSums], bootstrap: Bootstrap) -> dict[str, np.ndarray]:
    """Return the mean of several models' scores in every resample, such as one model per seed.

    Args:
        runs: the same images, scored by each model.
        bootstrap: how to resample.

    Returns:
        B float64 for each overall score.

    Raises:
        ValueError: the models were scored on different images.
    """
    for other in runs[1:]:
        check_same_images(runs[0], other)
    scores = [resampled_scores(sums, bootstrap).overall for sums in runs]
    return {key: np.mean([values[key] for values in scores], axis=0) for key in scores[0]}


def paired_difference(
    first: ImageSums, second: ImageSums, bootstrap: Bootstrap
) -> dict[str, Interval]:
    """Return the interval of the difference of two models, `second - first`, on the same images.

        >>> from smallobjects.metrics import InstanceIoU
        >>> truth = np.array([[1, 1, 0], [0, 0, 0]])  # one object of class 1, whose id is 1
        >>> first, second = InstanceIoU(num_classes=2), InstanceIoU(num_classes=2)
        >>> for name in ("a", "b", "c"):
        ...     first.update(np.array([[1, 0, 0], [0, 0, 0]]), truth, truth, name)
        ...     second.update(truth, truth, truth, name)
        >>> paired_difference(first.sums(), second.sums(), Bootstrap(resamples=20))["ia_s"]
        [0.5, 0.5]

    Every resample scores both models on the same images, so that what makes some images harder than
    others for both cancels out.

    Args:
        first: the images, scored by one model: `InstanceIoU.sums`, or `image_sums` of the tables
            that `smallobjects score` writes.
        second: the same images, scored by the other.
        bootstrap: how to resample.

    Returns:
        The two ends for each overall score, differences of fractions in -1..1, or None.

    Raises:
        ValueError: the models were scored on different images.
    """
    check_same_images(first, second)
    before, after = (resampled_scores(sums, bootstrap).overall for sums in (first, second))
    return _intervals({key: after[key] - before[key] for key in before}, bootstrap.level)


def check_same_images(first: ImageSums, second: ImageSums) -> None:
    """Refuse scores on different images, which have no pairs.

    Raises:
        ValueError: names an image that only one of the two has, or the numbers of classes.
    """
    if first.num_classes != second.num_classes:
        raise ValueError(
            f"scored with {first.num_classes} and with {second.num_classes} classes; a comparison "
            "needs the same classes"
        )
    different = np.setxor1d(first.images, second.images)
    if different.size:
        which = "first" if different[0] in first.images else "second"
        raise ValueError(
            f"image {different[0]!r} is only among the images of the {which} ({different.size} "
            "differ); a comparison needs the same images, score both on one list"
        )
