"""The rows and the confusion matrix of one image, in one pass over its pixels."""

import numpy as np

from smallobjects.metrics.checks import MaskNames
from smallobjects.metrics.confusion import confusion_of_counts
from smallobjects.metrics.instances import SIZE_LIMITS, instance_ious_of_overlaps
from smallobjects.metrics.overlaps import overlaps_of


def image_scores(
    prediction: np.ndarray,
    semantic: np.ndarray,
    instances: np.ndarray,
    num_classes: int,
    ignore_index: int = 255,
    size_limits: tuple[int, int] = SIZE_LIMITS,
    names: MaskNames | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Score one image.

        >>> semantic = np.array([[1, 1, 0], [0, 0, 0]])
        >>> instances = np.array([[1, 1, 0], [0, 0, 0]])
        >>> prediction = np.array([[1, 0, 0], [0, 0, 0]])
        >>> rows, matrix = image_scores(prediction, semantic, instances, num_classes=2)
        >>> rows["iou"].tolist(), matrix.tolist()
        ([0.8, 0.5], [[4, 0, 0], [1, 1, 0]])

    Args:
        prediction: as in `instance_ious`.
        semantic: as there.
        instances: as there.
        num_classes: as there.
        ignore_index: as there.
        size_limits: as there.
        names: the files of the masks, for messages.

    Returns:
        The rows of `instance_ious` and the matrix of `confusion_matrix`.

    Raises:
        ValueError: as `instance_ious`.
    """
    overlaps = overlaps_of(
        prediction, semantic, instances, num_classes, ignore_index, names or MaskNames()
    )
    try:
        rows = instance_ious_of_overlaps(overlaps, ignore_index, size_limits)
    except ValueError as error:
        raise ValueError(f"{names.instances}: {error}" if names else str(error)) from error
    counts = overlaps.found, overlaps.truth, overlaps.pixels
    return rows, confusion_of_counts(*counts, num_classes, ignore_index)
