"""How well label maps match the ground truth, with both readings of their void pixels.

`exclude` leaves out the pixels that a label map calls 255; `background` counts them as background.
Void pixels of the ground truth are left out in either case.
"""

import numpy as np

from smallobjects.pseudo_labels.training.augmentation import VOID


class LabelScores:
    """Counts pixels by true and labelled class over many images."""

    def __init__(self, num_classes: int) -> None:
        """Start with no image; `num_classes` includes the background."""
        self.num_classes = num_classes
        self.counts = np.zeros((num_classes, num_classes + 1), dtype=np.int64)
        """Rows: true class. Columns: labelled class, and 255 in the last."""

    def add(self, truth: np.ndarray, label: np.ndarray) -> None:
        """Count the pixels of one image; both maps are H×W uint8."""
        valid = truth != VOID
        columns = np.where(label == VOID, self.num_classes, label)[valid].astype(np.int64)
        rows = truth[valid].astype(np.int64)
        flat = np.bincount(rows * (self.num_classes + 1) + columns, minlength=self.counts.size)
        self.counts += flat.reshape(self.counts.shape)

    def confusion(self, void: str) -> np.ndarray:
        """Return the num_classes×num_classes counts with void `exclude`d or as `background`."""
        matrix = self.counts[:, :-1].copy()
        if void == "background":
            matrix[:, 0] += self.counts[:, -1]
        return matrix

    def all_background(self) -> np.ndarray:
        """Return the counts that labels without any object would have."""
        matrix = np.zeros((self.num_classes, self.num_classes), dtype=np.int64)
        matrix[:, 0] = self.counts.sum(axis=1)
        return matrix


def ious_of_confusion(confusion: np.ndarray) -> list[float | None]:
    """Return the IoU of each class in [0, 1]; `None` for one that neither side has."""
    agreed = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - agreed
    return [float(a / u) if u else None for a, u in zip(agreed, union, strict=True)]


def mean_iou(confusion: np.ndarray) -> float | None:
    """Return the mean of the class IoUs that exist, in [0, 1]."""
    ious = [iou for iou in ious_of_confusion(confusion) if iou is not None]
    return float(np.mean(ious)) if ious else None
