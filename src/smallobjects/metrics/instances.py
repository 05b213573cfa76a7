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
from smallobjects.metrics.components import components_of_runs
from smallobjects.metrics.runs import Runs, joint_runs, pixels_by

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

    Args:
        prediction: H×W integers in 0..num_classes-1, or `ignore_index` where no class is predicted:
            such a pixel is no part of any component, and is missed by what lies there.
        semantic: H×W integers, 0 background, 1..num_classes-1, `ignore_index` void.
        instances: H×W integers, 0 background, ids 1..65535 with or without gaps, `ignore_index`
            void (so no instance can have that id). All pixels of an instance have one class in
            `semantic`, void aside.
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
        ValueError: shapes differ, a value is no class, or an instance has no foreground class or
            more classes than one.
    """
    check_ignore_index(ignore_index, num_classes)
    check_shape(prediction, instances.shape, "prediction", "the instance mask")
    check_shape(semantic, instances.shape, "class mask", "the instance mask")
    runs = joint_runs(prediction, semantic, instances)
    check_classes(runs.values[0], num_classes, "prediction", ignore_index, runs.length)
    check_classes(runs.values[1], num_classes, "class mask", ignore_index, runs.length)
    check_instance_ids(runs.values[2], "instance mask")
    return instance_ious_of_runs(prediction, runs, ignore_index, size_limits)


def instance_ious_of_runs(
    prediction: np.ndarray, runs: Runs, ignore_index: int, size_limits: tuple[int, int]
) -> np.ndarray:
    """Do the work of `instance_ious` on checked masks.

    Args:
        prediction: as in `instance_ious`.
        runs: the joint runs of prediction, class mask and instance mask.
        ignore_index: as in `instance_ious`.
        size_limits: as in `instance_ious`.

    Raises:
        ValueError: an instance has no foreground class or more classes than one.
    """
    found, truth, _ = runs.values
    ids, index = _indexed(runs.values[2], ignore_index)
    area = pixels_by(index, runs.length, len(ids) + 2)[1:-1]
    class_ids = _classes_of_instances(truth, index, ids, ignore_index)
    intersection, charged = _shares(prediction, runs, index, class_ids)
    background = _background(found, truth, runs.length, valid=index <= len(ids))

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
    """Return the K ids that occur, ascending, and for each run 0 (none), 1..K, or K+1 (void).

    Ids can have gaps, and need not be small.
    """
    present = np.bincount(instances) > 0
    present[:1] = False
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
    semantic: np.ndarray, index: np.ndarray, ids: np.ndarray, ignore_index: int
) -> np.ndarray:
    """Return the class of each of the K instances, K int64."""
    own = np.flatnonzero((index > 0) & (semantic != ignore_index))
    index, semantic = index[own], semantic[own]
    class_ids = np.zeros(len(ids) + 2, np.int64)
    class_ids[index] = semantic
    conflict = index[class_ids[index] != semantic]
    conflict = conflict[conflict <= len(ids)]
    if conflict.size:
        classes = ", ".join(map(str, np.unique(semantic[index == conflict[0]])))
        raise ValueError(
            f"instance {ids[conflict[0] - 1]} has the classes {classes} in the class mask, but an "
            "instance has one; the two masks do not belong together"
        )
    class_ids = class_ids[1:-1]
    classless = ids[class_ids == 0]
    if classless.size:
        raise ValueError(
            f"instance {classless[0]} has no class: all its pixels are background or void in the "
            "class mask; the two masks do not belong together"
        )
    return class_ids


def _shares(
    prediction: np.ndarray, runs: Runs, index: np.ndarray, class_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the intersection and the charged pixels of each of the K instances, K int64 each.

    A component of n valid pixels that meets an instance in i pixels and its siblings in o charges
    it i + ⌊(n - i - o)·i / (i + o)⌋: its own, and a proportional share of those on no sibling. With
    o = 0 that is n.
    """
    bins = len(class_ids) + 2
    if not len(class_ids):
        return class_ids, class_ids
    # Only predictions of the classes of instances matter.
    wanted = np.zeros(int(max(runs.values[0].max(), class_ids.max())) + 1, bool)
    wanted[class_ids] = True
    kept = np.flatnonzero(wanted[runs.values[0]])
    found, length, index = runs.values[0][kept], runs.length[kept], index[kept]
    components = components_of_runs(prediction, runs.start[kept], length, found)

    class_of_index = np.concatenate([[0], class_ids, [0]])
    meets = np.flatnonzero(class_of_index[index] == found)
    valid_length = np.where(index < bins - 1, length, 0)
    size = pixels_by(components, valid_length, components.max(initial=0) + 1)
    pairs, overlap = _summed(components[meets] * bins + index[meets], length[meets])
    component, instance = pairs // bins, pairs % bins
    on_siblings = pixels_by(component, overlap, len(size))[component]
    charged = overlap + (size[component] - on_siblings) * overlap // on_siblings
    return (
        pixels_by(instance, overlap, bins)[1:-1],
        pixels_by(instance, charged, bins)[1:-1],
    )


def _summed(keys: np.ndarray, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct keys, ascending, and the sum of the amounts of each, as int64."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    sums = np.add.reduceat(amounts[order], first) if first.size else amounts
    return keys[first], sums.astype(np.int64)


def _background(
    found: np.ndarray, truth: np.ndarray, length: np.ndarray, valid: np.ndarray
) -> np.ndarray:
    """Return the one background row of the image, or none if no valid pixel is background."""
    kinds = 4 * valid + 2 * (truth == 0) + (found == 0)
    wrong, missed, right = pixels_by(kinds, length, 8)[5:]
    if not missed + right:
        return np.empty(0, ROW)
    return np.array([(0, 0, missed + right, "", right, wrong + right, 0.0)], ROW)
