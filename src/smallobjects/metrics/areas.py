"""What an image says about each class: the pixels that are right, predicted and true.

These three numbers per image and class are all that mIoU, mIoU^I and mIoU^C need.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

AREAS = np.dtype(
    [
        ("class_id", np.int32),
        ("intersection", np.int64),
        ("prediction_area", np.int64),
        ("truth_area", np.int64),
    ]
)


def class_areas(confusion: np.ndarray) -> np.ndarray:
    """Count the pixels of each class in one image.

    Args:
        confusion: C×C integers, the confusion matrix of the image; rows are the ground truth. One
            more column may hold the pixels that are predicted as no class.

    Returns:
        A structured array of dtype `AREAS`, one element for each class that occurs in the ground
        truth or in the prediction, by class: class_id, intersection (pixels of the class that are
        predicted right), prediction_area and truth_area. Void pixels count nowhere. An image that
        is all void has one element, of class 0 without pixels, so that every image is named.
    """
    num_classes = len(confusion)
    prediction_area = confusion[:, :num_classes].sum(axis=0)
    truth_area = confusion.sum(axis=1)
    class_ids = np.flatnonzero(prediction_area + truth_area)
    if not class_ids.size:
        class_ids = np.array([0])
    areas = np.empty(len(class_ids), AREAS)
    areas["class_id"] = class_ids
    areas["intersection"] = confusion.diagonal()[class_ids]
    areas["prediction_area"] = prediction_area[class_ids]
    areas["truth_area"] = truth_area[class_ids]
    return areas


def areas_table(areas: list[np.ndarray], images: list[str]) -> "pd.DataFrame":
    """Put the areas of several images under each other.

    Args:
        areas: for each image, its areas (dtype `AREAS`).
        images: image ids, in the same order.

    Returns:
        The columns of `AREAS` after a column `image`.
    """
    import pandas as pd

    together = np.concatenate([np.empty(0, AREAS), *areas])
    table = pd.DataFrame({name: together[name] for name in AREAS.names})
    image = pd.Series(np.repeat(np.array(images, dtype=object), [len(part) for part in areas]))
    table.insert(0, "image", image.astype("str"))
    return table


def union(areas: "np.ndarray | pd.DataFrame") -> np.ndarray:
    """Return, for each element of `areas`, the pixels that are of its class or predicted as it."""
    return np.asarray(areas["prediction_area"] + areas["truth_area"] - areas["intersection"])
