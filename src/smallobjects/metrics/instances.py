"""IA-mIoU's part for one image: the IoU of every ground-truth instance.

The definition is that of "Small Objects Matters in Weakly-supervised Semantic Segmentation" (Mun et
al., WACV 2024). Everything is counted in integers; only the quotient at the end is a float.
"""

import numpy as np

from smallobjects.metrics.checks import MaskNames, checked_size_limits
from smallobjects.metrics.components import components_of_regions
from smallobjects.metrics.overlaps import Overlaps, overlaps_of
from smallobjects.metrics.runs import distinct, pixels_by

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

        >>> semantic = np.array([[1, 1, 0], [0, 0, 0]])
        >>> instances = np.array([[1, 1, 0], [0, 0, 0]])
        >>> prediction = np.array([[1, 0, 0], [0, 0, 0]])
        >>> rows = instance_ious(prediction, semantic, instances, num_classes=2)
        >>> rows[["class_id", "area", "size", "iou"]].tolist()
        [(0, 4, '', 0.8), (1, 2, 'small', 0.5)]

    Args:
        prediction: H×W integers (an array, or a tensor on any device) in 0..num_classes-1, or
            `ignore_index` where no class is predicted: such a pixel is no part of any component,
            and is missed by what lies there.
        semantic: H×W integers, 0 background, 1..num_classes-1, `ignore_index` void.
        instances: H×W integers, 0 background, ids 1..65535 with or without gaps, `ignore_index`
            void (so no instance can have that id). All pixels of an instance have one class in
            `semantic`, void aside. Pixels of a class on no instance (0) are no part of any. In a
            mask of 8 bits `ignore_index` is void whatever `semantic` says, as class masks without
            a void border need it; a wider one may not be void where `semantic` has an object.
        num_classes: C, background included.
        ignore_index: the void value of both ground-truth masks; no class, and any integer else.
        size_limits: areas in pixels, above 0; small < first <= medium < second <= large.

    Returns:
        A structured array of dtype `ROW`, background first and then by instance id:
        class_id (0 for the background), instance_id (0 for the background), area (pixels of the
        instance), size ("small", "medium", "large", "" for the background), intersection (pixels
        of it that are predicted right), charged (predicted pixels that it answers for) and
        iou = intersection / (charged + area - intersection), in 0..1. There is no background row
        if no valid pixel is background, and no row at all if the image is all void.

    Raises:
        ValueError: shapes differ, a value is no class or no integer, the masks contradict each
            other (an instance without a foreground class or with more classes than one, void on a
            class), or the size limits do not rise.
    """
    overlaps = overlaps_of(prediction, semantic, instances, num_classes, ignore_index, MaskNames())
    return instance_ious_of_overlaps(overlaps, ignore_index, size_limits)


def instance_ious_of_overlaps(
    overlaps: Overlaps, ignore_index: int, size_limits: tuple[int, int]
) -> np.ndarray:
    """Do the work of `instance_ious` on counted pixels; the arguments are as there.

    Raises:
        ValueError: the masks contradict each other, or the size limits do not rise.
    """
    size_limits = checked_size_limits(size_limits)
    ids, index = _indexed(overlaps.instance, ignore_index)
    area = pixels_by(index, overlaps.pixels, len(ids) + 2)[1:-1]
    class_ids = _classes_of_instances(overlaps.truth, index, ids, ignore_index)
    intersection, charged = _shares(overlaps, index, class_ids)
    background = _background(overlaps, valid=index <= len(ids))

    rows = np.empty(len(background) + len(ids), ROW)
    rows[: len(background)] = background
    foreground = rows[len(background) :]
    foreground["class_id"] = class_ids
    foreground["instance_id"] = ids
    foreground["area"] = area
    foreground["size"] = np.array(SIZES)[np.digitize(area, size_limits)]
    foreground["intersection"] = intersection
    foreground["charged"] = charged
    rows["iou"] = rows["intersection"] / (rows["charged"] + rows["area"] - rows["intersection"])
    return rows


def _indexed(instances: np.ndarray, ignore_index: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the K ids that occur, ascending, and for each element 0 (none), 1..K, or K+1 (void).

    Ids can have gaps, and need not be small.
    """
    void = instances == ignore_index
    present = np.bincount(instances[~void]) > 0
    present[:1] = False
    ids = np.flatnonzero(present)
    position = np.zeros(len(present), np.int64)
    position[ids] = np.arange(1, len(ids) + 1)
    index = np.full(len(instances), len(ids) + 1)
    index[~void] = position[instances[~void]]
    return ids, index


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
    overlaps: Overlaps, index: np.ndarray, class_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the intersection and the charged pixels of each of the K instances, K int64 each.

    A component of n valid pixels that meets an instance in i pixels and its siblings in o charges
    it i + ⌊(n - i - o)·i / (i + o)⌋: its own, and a proportional share of those on no sibling. With
    o = 0 that is n.
    """
    bins = len(class_ids) + 2
    if not len(class_ids):
        return class_ids, class_ids
    components = components_of_regions(
        overlaps.prediction, overlaps.runs, overlaps.regions, class_ids
    )[overlaps.region]
    class_of_index = np.concatenate([[-1], class_ids, [-1]])
    meets = np.flatnonzero(class_of_index[index] == overlaps.found)
    valid_pixels = np.where(index < bins - 1, overlaps.pixels, 0)
    size = pixels_by(components, valid_pixels, components.max() + 1)
    (component, instance), overlap = distinct(
        (components[meets], index[meets]), overlaps.pixels[meets]
    )
    on_siblings = pixels_by(component, overlap, len(size))[component]
    charged = overlap + (size[component] - on_siblings) * overlap // on_siblings
    return (
        pixels_by(instance, overlap, bins)[1:-1],
        pixels_by(instance, charged, bins)[1:-1],
    )


def _background(overlaps: Overlaps, valid: np.ndarray) -> np.ndarray:
    """Return the one background row of the image, or none if no valid pixel is background."""
    kinds = 4 * valid + 2 * (overlaps.truth == 0) + (overlaps.found == 0)
    wrong, missed, right = pixels_by(kinds, overlaps.pixels, 8)[5:]
    if not missed + right:
        return np.empty(0, ROW)
    return np.array([(0, 0, missed + right, "", right, wrong + right, 0.0)], ROW)
