"""The confusion matrix of a segmentation."""

import numpy as np

from smallobjects.metrics.checks import (
    as_integers,
    check_classes,
    check_ignore_index,
    check_shape,
)
from smallobjects.metrics.runs import distinct, pixels_by
from smallobjects.runs import joint_runs


def confusion_matrix(
    prediction: np.ndarray, semantic: np.ndarray, num_classes: int, ignore_index: int = 255
) -> np.ndarray:
    """Count the pixels of one image by ground truth and prediction.

        >>> confusion_matrix(np.array([[1, 0, 0]]), np.array([[1, 1, 255]]), num_classes=2).tolist()
        [[0, 0, 0], [1, 1, 0]]

    Args:
        prediction: H×W integers in 0..num_classes-1, or `ignore_index` where no class is predicted.
        semantic: H×W integers in 0..num_classes-1, or `ignore_index` for pixels left out.
        num_classes: C, background included.
        ignore_index: the void value of both masks.

    Returns:
        C×(C+1) int64; rows are the ground truth, columns the prediction, and the last column is
        for pixels without a predicted class. Matrices of several images add up.

    Raises:
        ValueError: shapes differ, or a value is no class.
    """
    check_ignore_index(ignore_index, num_classes)
    prediction = as_integers(prediction, "prediction")
    semantic = as_integers(semantic, "class mask")
    check_shape(semantic, semantic.shape, "class mask", "the class mask")
    check_shape(prediction, semantic.shape, "prediction", "the class mask")
    start, length = joint_runs(prediction, semantic)
    (found, truth), pixels = distinct((prediction.ravel()[start], semantic.ravel()[start]), length)
    check_classes(found, num_classes, "prediction", ignore_index, pixels)
    check_classes(truth, num_classes, "class mask", ignore_index, pixels)
    return confusion_of_counts(found, truth, pixels, num_classes, ignore_index)


def confusion_of_counts(
    found: np.ndarray,
    truth: np.ndarray,
    pixels: np.ndarray,
    num_classes: int,
    ignore_index: int,
) -> np.ndarray:
    """Do the work of `confusion_matrix` on checked counts.

    Args:
        found: N int64, classes predicted.
        truth: N int64, classes of the ground truth.
        pixels: N int64, how many pixels have both; pairs may come more than once.
        num_classes: C, background included.
        ignore_index: the void value of both.
    """
    columns = num_classes + 1
    counted = np.flatnonzero(truth != ignore_index)
    found = np.where(found == ignore_index, num_classes, found)[counted]
    pairs = truth[counted] * columns + found
    return pixels_by(pairs, pixels[counted], num_classes * columns).reshape(num_classes, columns)
