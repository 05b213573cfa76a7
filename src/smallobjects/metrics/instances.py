"""IA-mIoU's part for one image: the IoU of every ground-truth instance.

The definition is that of "Small Objects Matters in Weakly-supervised Semantic Segmentation" (Mun et
al., WACV 2024). Everything is counted in integers; only the quotient at the end is a float.
"""

import numpy as np

from smallobjects.metrics.checks import (
    check_classes,
    check_ignore_index,
    check_instance_ids,
    check_shape,
)
from smallobjects.metrics.components import bounding_box, enclosing_components

SIZES = ("small", "medium", "large")
SIZE_LIMITS = (32**2, 96**2)
ROW = np.dtype(
    [
        ("class_id", np.int32),
        ("instance_id", np.int32),
        ("area", np.int64),
        ("size", "U6"),
        ("intersection", np.int64),
        ("charged", np.int64),
        ("iou", np.float64),
    ]
)


def instance_ious(
    prediction: np.ndarray,
    semantic: np.ndarray,
    instances: np.ndarray,
    num_classes: int,
    ignore_index: int = 255,
    size_limits: tuple[int, int] = SIZE_LIMITS,
) -> np.ndarray:
    """Score one image, instance by instance.

    An instance's class is the foreground class that most of its pixels have in `semantic`, the
    smaller class if two are as frequent. (The paper is silent; in masks made from the same
    annotation there is only one.)

    Args:
        prediction: H×W integers in 0..num_classes-1.
        semantic: H×W integers, 0 background, 1..num_classes-1, `ignore_index` void.
        instances: H×W integers, 0 background, ids 1..65535 with or without gaps, `ignore_index`
            void (so no instance can have that id).
        num_classes: C, background included.
        ignore_index: the void value of both ground-truth masks.
        size_limits: areas in pixels; small < first <= medium < second <= large.

    Returns:
        A structured array of dtype `ROW`, background first and then by instance id:
        class_id (0 for the background), instance_id (0 for the background), area (pixels of the
        instance), size ("small", "medium", "large", "" for the background), intersection (pixels
        of it that are predicted right), charged (predicted pixels that it answers for) and
        iou = intersection / (charged + area - intersection), in 0..1. There is no background row
        if no valid pixel is background, and no row at all if the image is all void.

    Raises:
        ValueError: shapes differ, a value is no class, or an instance has no foreground class.
    """
    check_ignore_index(ignore_index, num_classes)
    check_shape(prediction, instances.shape, "prediction", "the instance mask")
    check_shape(semantic, instances.shape, "class mask", "the instance mask")
    check_classes(prediction, num_classes, "prediction")
    check_classes(semantic, num_classes, "class mask", ignore_index)
    check_instance_ids(instances, "instance mask")

    ids, index = _indexed(instances, ignore_index)
    area = np.bincount(index.ravel(), minlength=len(ids) + 1)[1 : len(ids) + 1]
    class_ids = _classes_of_instances(semantic, index, ids, num_classes)
    intersection, charged = _shares(prediction, index, class_ids)
    background = _background(prediction, semantic, valid=instances != ignore_index)

    foreground = np.empty(len(ids), ROW)
    foreground["class_id"] = class_ids
    foreground["instance_id"] = ids
    foreground["area"] = area
    foreground["size"] = np.array(SIZES)[np.digitize(area, size_limits)]
    foreground["intersection"] = intersection
    foreground["charged"] = charged
    rows = np.concatenate([background, foreground])
    rows["iou"] = rows["intersection"] / (rows["charged"] + rows["area"] - rows["intersection"])
    return rows


def _indexed(instances: np.ndarray, ignore_index: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the K ids that occur, ascending, and the map of 0 (none), 1..K and K+1 (void).

    Ids can have gaps, and need not be small.
    """
    present = np.bincount(instances.ravel()) > 0
    present[0] = False
    has_void = 0 <= ignore_index < len(present)
    if has_void:
        present[ignore_index] = False
    ids = np.flatnonzero(present)
    position = np.zeros(len(present), np.int64)
    position[ids] = np.arange(1, len(ids) + 1)
    if has_void:
        position[ignore_index] = len(ids) + 1
    return ids, position[instances]


def _classes_of_instances(
    semantic: np.ndarray, index: np.ndarray, ids: np.ndarray, num_classes: int
) -> np.ndarray:
    """Return the most frequent foreground class of each of the K instances, K int64."""
    counted = (index > 0) & (index <= len(ids)) & (semantic > 0) & (semantic < num_classes)
    votes = np.bincount(
        (index[counted] - 1) * num_classes + semantic[counted],
        minlength=len(ids) * num_classes,
    ).reshape(len(ids), num_classes)
    classless = ids[votes.sum(axis=1) == 0]
    if classless.size:
        raise ValueError(
            f"instance {classless[0]} has no class: all its pixels are background or void in the "
            "class mask; the two masks do not belong together"
        )
    return votes.argmax(axis=1)


def _shares(
    prediction: np.ndarray, index: np.ndarray, class_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the intersection and the charged pixels of each of the K instances, K int64 each."""
    intersection = np.zeros(len(class_ids), np.int64)
    charged = np.zeros(len(class_ids), np.int64)
    for class_id in np.unique(class_ids):
        mask = prediction == class_id
        box = bounding_box(mask)
        if box is None:
            continue
        siblings = np.flatnonzero(class_ids == class_id)
        column = np.zeros(len(class_ids) + 2, np.int64)
        column[1 + siblings] = np.arange(1, len(siblings) + 1)
        column[-1] = len(siblings) + 1
        pixels = _joint_counts(mask[box], column[index[box]], len(siblings) + 2)
        intersection[siblings], charged[siblings] = _shares_of_siblings(pixels)
    return intersection, charged


def _joint_counts(mask: np.ndarray, columns: np.ndarray, width: int) -> np.ndarray:
    """Count the pixels of each component of `mask` by their column, 0..width-1: N×width int64."""
    labels = enclosing_components(mask).astype(np.int64)
    return np.bincount(
        (labels * width + columns).ravel(), minlength=(labels.max() + 1) * width
    ).reshape(-1, width)[1:]


def _shares_of_siblings(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide the components of a class among its S instances.

    A component of n valid pixels that meets an instance in i pixels and its siblings in o charges
    it i + ⌊(n - i - o)·i / (i + o)⌋: its own, and a proportional share of those on no sibling. With
    o = 0 that is n.

    Args:
        pixels: N×(S+2) int64, the pixels of each component on no sibling, on each, and on void.

    Returns:
        The intersection and the charged pixels of each instance, S int64 each.
    """
    overlap = pixels[:, 1:-1]
    touching = overlap.any(axis=1)
    overlap, spilled = overlap[touching], pixels[touching, :1]
    on_instances = overlap.sum(axis=1, keepdims=True)
    charged = overlap + spilled * overlap // on_instances
    return overlap.sum(axis=0), charged.sum(axis=0)


def _background(prediction: np.ndarray, semantic: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the one background row of the image, or none if no valid pixel is background."""
    truth = (semantic == 0) & valid
    area = np.count_nonzero(truth)
    if not area:
        return np.empty(0, ROW)
    found = (prediction == 0) & valid
    intersection = np.count_nonzero(found & truth)
    return np.array([(0, 0, area, "", intersection, np.count_nonzero(found), 0.0)], ROW)
