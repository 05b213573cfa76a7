"""Fine-grained mIoU: averages of the IoU of a class in an image, instead of pooled pixels.

Z. Wang et al., "Revisiting Evaluation Metrics for Semantic Segmentation: Optimization and
Evaluation of Fine-grained Intersection over Union", NeurIPS 2023 (Datasets and Benchmarks).
"""

from typing import TYPE_CHECKING

import numpy as np

from smallobjects.metrics.areas import union

if TYPE_CHECKING:
    import pandas as pd


def image_class_ious(areas: "pd.DataFrame") -> "pd.DataFrame":
    """Return the IoU of each class in each image whose ground truth has it.

    A class that an image's ground truth does not have has no IoU there, whether it is predicted or
    not: as in the authors' evaluation, such a false positive costs the classes that it covers, and
    not its own. Void pixels are left out of everything. (For two classes their evaluation scores
    the foreground alone; this one treats any number of classes alike.)

    Args:
        areas: the columns image, class_id, intersection, prediction_area and truth_area.

    Returns:
        Columns image, class_id and iou (in 0..1).
    """
    present = areas[areas["truth_area"] > 0]
    iou = present["intersection"].to_numpy() / union(present)
    return present[["image", "class_id"]].assign(iou=iou)


def fine_grained_mious(areas: "pd.DataFrame") -> dict[str, float | None]:
    """Average the IoU of every class in every image in two ways.

    Args:
        areas: the columns image, class_id, intersection, prediction_area and truth_area.

    Returns:
        Fractions in 0..1, or None if no image has a class:

        - `miou_i` (mIoU^I): per image the mean over the classes of its ground truth, then the mean
          over images; images that are all void are left out;
        - `miou_c` (mIoU^C): per class the mean over the images whose ground truth has it, then the
          mean over the classes that any image has.
    """
    ious = image_class_ious(areas)
    return {"miou_i": _mean_of_means(ious, "image"), "miou_c": _mean_of_means(ious, "class_id")}


def _mean_of_means(ious: "pd.DataFrame", key: str) -> float | None:
    means = ious.groupby(key)["iou"].mean()
    return float(np.mean(means)) if len(means) else None
