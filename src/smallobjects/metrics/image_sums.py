"""Scores as functions of sums over images, so that one product scores many sets of images.

A score of a dataset is made of quotients of sums over its images. Each image is one sparse row of
its contributions; the rows of any multiset of images add up to what its scores need.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from smallobjects.metrics.areas import union
from smallobjects.metrics.fine_grained import image_class_ious
from smallobjects.metrics.instances import SIZES
from smallobjects.metrics.summary import IA_KEYS

BINS = 1 + len(SIZES)
"""Instances of a class are summed by size; the first bin holds the background, which has none."""


@dataclass(frozen=True)
class ImageSums:
    """What each of N images adds to the scores of a dataset."""

    images: np.ndarray
    """N image ids, sorted, so that the order in which images were scored does not matter."""
    num_classes: int
    """C, background included."""
    columns: csr_array
    """N×K float64; the columns are those of `_layout`."""


class Scores(NamedTuple):
    """The scores of B datasets: fractions in 0..1, NaN where there is nothing to average."""

    overall: dict[str, np.ndarray]
    """B float64 for each of miou, ia_miou, ia_miou_foreground, ia_s, ia_m, ia_l, miou_i, miou_c."""
    per_class: dict[str, np.ndarray]
    """B×C float64 for each of iou, ia_iou, ia_s, ia_m, ia_l."""


def _layout(num_classes: int) -> dict[str, slice]:
    """Return the columns of each kind of sum."""
    widths = {
        "instance_iou": BINS * num_classes,
        "instances": BINS * num_classes,
        "intersection": num_classes,
        "union": num_classes,
        "image_iou": num_classes,
        "images_with_class": num_classes,
        "mean_iou": 1,
        "images_with_mean": 1,
    }
    ends = np.cumsum(list(widths.values())).tolist()
    return {
        kind: slice(end - width, end)
        for (kind, width), end in zip(widths.items(), ends, strict=True)
    }


def image_sums(rows: pd.DataFrame, areas: pd.DataFrame, num_classes: int) -> ImageSums:
    """Add up each image, for `paired_difference`.

        >>> from smallobjects.metrics import InstanceIoU
        >>> metric, truth = InstanceIoU(num_classes=2), np.array([[1, 1, 0]])
        >>> metric.update(truth, truth, truth, "a")
        >>> image_sums(*metric.tables(), num_classes=2).images.tolist()
        ['a']

    Args:
        rows: the columns image, class_id, size and iou of the rows of all instances.
        areas: the columns image, class_id, intersection, prediction_area and truth_area; it names
            every image.
        num_classes: C, background included.

    Raises:
        ValueError: a row's image is not among the areas, or a class is not in 0..C-1.
    """
    for name, table in (("rows", rows), ("areas", areas)):
        wrong = table.loc[~table["class_id"].between(0, num_classes - 1), "class_id"]
        if len(wrong):
            raise ValueError(f"{name} of class {wrong.iloc[0]}; expected 0..{num_classes - 1}")
    images = np.unique(areas["image"].to_numpy(dtype=object))
    stray = ~rows["image"].isin(images)
    if stray.any():
        raise ValueError(
            f"image {rows.loc[stray, 'image'].iloc[0]!r} has instances but no areas; take both "
            "tables from one call of `smallobjects score`"
        )
    ious = image_class_ious(areas)
    means = ious.groupby("image")["iou"].mean()
    size = pd.Categorical(rows["size"], SIZES).codes.astype(np.int64) + 1
    bins = rows["class_id"].to_numpy() * BINS + size
    ones, mean_ones = np.ones(len(ious)), np.ones(len(means))
    contributions = {
        "instance_iou": (rows["image"], bins, rows["iou"]),
        "instances": (rows["image"], bins, np.ones(len(rows))),
        "intersection": (areas["image"], areas["class_id"], areas["intersection"]),
        "union": (areas["image"], areas["class_id"], union(areas)),
        "image_iou": (ious["image"], ious["class_id"], ious["iou"]),
        "images_with_class": (ious["image"], ious["class_id"], ones),
        "mean_iou": (means.index, 0 * mean_ones, means),
        "images_with_mean": (means.index, 0 * mean_ones, mean_ones),
    }
    layout = _layout(num_classes)
    index = pd.Index(images)
    image_of, column_of, values = [], [], []
    for kind, (image, column, value) in contributions.items():
        image_of.append(index.get_indexer(pd.Index(image, dtype=object)))
        column_of.append(np.asarray(column, np.int64) + layout[kind].start)
        values.append(np.asarray(value, np.float64))
    shape = (len(images), layout["images_with_mean"].stop)
    places = (np.concatenate(image_of), np.concatenate(column_of))
    return ImageSums(images, num_classes, csr_array((np.concatenate(values), places), shape=shape))


def scores_of(totals: np.ndarray, num_classes: int) -> Scores:
    """Return the scores of B datasets from their sums, as `summarize_images` defines them.

    Args:
        totals: B×K float64, for each dataset the sum of the rows of its images.
        num_classes: C, background included.
    """
    part = {kind: totals[:, place] for kind, place in _layout(num_classes).items()}
    iou_sums, counts = (
        part[kind].reshape(-1, num_classes, BINS) for kind in ("instance_iou", "instances")
    )
    by_size = _quotient(iou_sums, counts)
    classes = {
        "iou": _quotient(part["intersection"], part["union"]),
        "ia_iou": _quotient(iou_sums.sum(axis=2), counts.sum(axis=2)),
        **{IA_KEYS[size]: by_size[:, :, bin_] for bin_, size in enumerate(SIZES, start=1)},
    }
    image_iou = _quotient(part["image_iou"], part["images_with_class"])
    overall = {
        "miou": _mean(classes["iou"]),
        "ia_miou": _mean(classes["ia_iou"]),
        "ia_miou_foreground": _mean(classes["ia_iou"][:, 1:]),
        **{key: _mean(classes[key][:, 1:]) for key in IA_KEYS.values()},
        "miou_i": _quotient(part["mean_iou"], part["images_with_mean"])[:, 0],
        "miou_c": _mean(image_iou),
    }
    return Scores(overall, classes)


def images_behind(sums: ImageSums) -> dict[str, np.ndarray]:
    """Return how many images each score per class is made of: C integers for each of them."""
    layout = _layout(sums.num_classes)
    counts = sums.columns[:, layout["instances"]]
    # Adds up the sizes of a class: an image can have instances of several.
    classes = csr_array(np.repeat(np.eye(sums.num_classes), BINS, axis=0))
    by_size = (counts > 0).sum(axis=0).reshape(-1, BINS)
    return {
        "iou": (sums.columns[:, layout["union"]] > 0).sum(axis=0),
        "ia_iou": (counts @ classes > 0).sum(axis=0),
        **{IA_KEYS[size]: by_size[:, bin_] for bin_, size in enumerate(SIZES, start=1)},
    }


def _quotient(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; 0 / 0 is NaN."""
    quotient = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=quotient, where=denominator > 0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis of what is not NaN."""
    present = ~np.isnan(values)
    return _quotient(np.where(present, values, 0).sum(axis=-1), present.sum(axis=-1))
