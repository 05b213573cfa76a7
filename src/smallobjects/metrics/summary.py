"""From rows and a confusion matrix to the numbers that tables print."""

from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np

from smallobjects.metrics.areas import union
from smallobjects.metrics.fine_grained import fine_grained_mious
from smallobjects.metrics.instances import SIZES

if TYPE_CHECKING:
    import pandas as pd

Mean = float | None
IA_KEYS = {"small": "ia_s", "medium": "ia_m", "large": "ia_l"}


def summarize(
    rows: "np.ndarray | pd.DataFrame", confusion: np.ndarray, num_classes: int
) -> dict[str, Any]:
    """Average the rows and the confusion matrix of a whole dataset.

        >>> from smallobjects.metrics import image_scores
        >>> truth = np.array([[1, 1, 0], [0, 0, 0]])  # one object of class 1, whose id is 1
        >>> rows, matrix = image_scores(np.array([[1, 0, 0], [0, 0, 0]]), truth, truth, 2)
        >>> scores = summarize(rows, matrix, num_classes=2)
        >>> scores["miou"], scores["ia_miou"], scores["ia_s"], scores["ia_l"]
        (0.65, 0.65, 0.5, None)

    Args:
        rows: the rows of `instance_ious` of all images: a structured array or a data frame.
        confusion: C×C int64, the sum over all images; rows are the ground truth. One more column
            may hold the pixels that are predicted as no class.
        num_classes: C, background included.

    Returns:
        Fractions in 0..1, or None where there is nothing to average:

        - `miou`: mean IoU of the confusion matrix over the classes that occur in the ground truth
          or in the prediction;
        - `ia_miou`: mean over classes, background included, of the mean IoU of a class's
          instances; classes without an instance are left out;
        - `ia_miou_foreground`: the same without the background;
        - `ia_s`, `ia_m`, `ia_l`: the same over the foreground instances of one size;
        - `per_class`: for each class its `class_id`, `iou` (confusion matrix), `ia_iou`, `ia_s`,
          `ia_m`, `ia_l` and `instances` (counts; the background has one per image with background);
        - `instances`: counts of foreground instances, `small`, `medium`, `large` and `total`.

    Raises:
        ValueError: the matrix is not C×C, or a row's class is not in 0..C-1.
    """
    if confusion.shape not in ((num_classes, num_classes), (num_classes, num_classes + 1)):
        raise ValueError(f"confusion matrix of shape {confusion.shape}, not {num_classes} squared")
    return _summarize(rows, _confusion_ious(confusion), num_classes)


def summarize_images(
    rows: "np.ndarray | pd.DataFrame", areas: "pd.DataFrame", num_classes: int
) -> dict[str, Any]:
    """Average the rows and the areas of a whole dataset.

    Args:
        rows: as for `summarize`.
        areas: the table of `smallobjects.metrics.areas.areas_table`, of all images.
        num_classes: C, background included.

    Returns:
        What `summarize` returns, and `miou_i` and `miou_c` of `fine_grained_mious`.

    Raises:
        ValueError: a class is not in 0..C-1.
    """
    class_ids = areas["class_id"].to_numpy()
    if class_ids.size and not 0 <= class_ids.min() <= class_ids.max() < num_classes:
        raise ValueError(f"areas of class {class_ids.max()}; expected 0..{num_classes - 1}")
    intersections, unions = np.zeros(num_classes, np.int64), np.zeros(num_classes, np.int64)
    np.add.at(intersections, class_ids, areas["intersection"].to_numpy())
    np.add.at(unions, class_ids, union(areas))
    return _summarize(rows, _ious(intersections, unions), num_classes) | fine_grained_mious(areas)


def _summarize(
    rows: "np.ndarray | pd.DataFrame", class_ious: list[Mean], num_classes: int
) -> dict[str, Any]:
    """Average the rows, given the IoU of each class."""
    class_ids = np.asarray(rows["class_id"])
    if class_ids.size and not 0 <= class_ids.min() <= class_ids.max() < num_classes:
        raise ValueError(f"rows of class {class_ids.max()}; expected 0..{num_classes - 1}")
    sizes = np.asarray(rows["size"])
    ious = np.asarray(rows["iou"])
    per_class = [
        {"class_id": class_id, "iou": class_ious[class_id]}
        | _class_means(ious[class_ids == class_id], sizes[class_ids == class_id])
        for class_id in range(num_classes)
    ]
    foreground = per_class[1:]
    return {
        "miou": _mean(class_ious),
        "ia_miou": _mean(entry["ia_iou"] for entry in per_class),
        "ia_miou_foreground": _mean(entry["ia_iou"] for entry in foreground),
        **{key: _mean(entry[key] for entry in foreground) for key in IA_KEYS.values()},
        "per_class": per_class,
        "instances": {
            count: sum(entry["instances"][count] for entry in foreground)
            for count in (*SIZES, "total")
        },
    }


def _class_means(ious: np.ndarray, sizes: np.ndarray) -> dict[str, Any]:
    """Return the means and counts of one class; background rows have none of the three sizes."""
    by_size = {size: ious[sizes == size] for size in SIZES}
    return {
        "ia_iou": _mean(ious),
        **{IA_KEYS[size]: _mean(values) for size, values in by_size.items()},
        "instances": {
            **{size: len(values) for size, values in by_size.items()},
            "total": len(ious),
        },
    }


def _confusion_ious(confusion: np.ndarray) -> list[Mean]:
    """Return the IoU of each class, None for one that is in neither ground truth nor prediction."""
    intersection = confusion.diagonal()
    predicted = confusion[:, : len(confusion)].sum(axis=0)
    return _ious(intersection, predicted + confusion.sum(axis=1) - intersection)


def _ious(intersections: np.ndarray, unions: np.ndarray) -> list[Mean]:
    return [int(i) / int(u) if u else None for i, u in zip(intersections, unions, strict=True)]


def _mean(values: Any) -> Mean:
    """Return the mean of the values that are there; exact sums, so their order does not matter."""
    present = [float(value) for value in values if value is not None]
    return fsum(present) / len(present) if present else None
