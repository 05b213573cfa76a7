"""The confusion matrix of a segmentation."""

import numpy as np

from smallobjects.metrics.checks import check_classes, check_ignore_index, check_shape


def confusion_matrix(
    prediction: np.ndarray, semantic: np.ndarray, num_classes: int, ignore_index: int = 255
) -> np.ndarray:
    """Count the pixels of one image by ground truth and prediction.

    Args:
        prediction: H×W integers in 0..num_classes-1.
        semantic: H×W integers in 0..num_classes-1, or `ignore_index` for pixels left out.
        num_classes: C, background included.
        ignore_index: the void value of `semantic`.

    Returns:
        C×C int64; rows are the ground truth, columns the prediction. Matrices of several images
        add up.

    Raises:
        ValueError: shapes differ, or a value is no class.
    """
    check_ignore_index(ignore_index, num_classes)
    check_shape(prediction, semantic.shape, "prediction", "the class mask")
    check_classes(prediction, num_classes, "prediction")
    check_classes(semantic, num_classes, "class mask", ignore_index)
    counted = semantic != ignore_index
    pairs = semantic[counted].astype(np.int64) * num_classes + prediction[counted]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)
