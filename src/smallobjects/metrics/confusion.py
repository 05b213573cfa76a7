"""The confusion matrix of a segmentation."""

import numpy as np

from smallobjects.metrics.checks import check_classes, check_ignore_index, check_shape
from smallobjects.metrics.runs import joint_runs, pixels_by


def confusion_matrix(
    prediction: np.ndarray, semantic: np.ndarray, num_classes: int, ignore_index: int = 255
) -> np.ndarray:
    """Count the pixels of one image by ground truth and prediction.

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
    check_shape(prediction, semantic.shape, "prediction", "the class mask")
    _, length, (found, truth) = joint_runs(prediction, semantic)
    check_classes(found, num_classes, "prediction", ignore_index, length)
    check_classes(truth, num_classes, "class mask", ignore_index, length)
    return confusion_of_runs(found, truth, length, num_classes, ignore_index)


def confusion_of_runs(
    found: np.ndarray,
    truth: np.ndarray,
    length: np.ndarray,
    num_classes: int,
    ignore_index: int,
) -> np.ndarray:
    """Do the work of `confusion_matrix` on checked runs: predicted class, true class, pixels."""
    columns = num_classes + 1
    counted = truth != ignore_index
    found = np.where(found == ignore_index, num_classes, found)[counted].astype(np.int64)
    pairs = truth[counted].astype(np.int64) * columns + found
    return pixels_by(pairs, length[counted], num_classes * columns).reshape(num_classes, columns)
