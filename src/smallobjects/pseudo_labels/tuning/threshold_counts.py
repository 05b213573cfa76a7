"""The confusion of labels at many thresholds, from one look at the scores.

At a threshold t a pixel's label is its best class if that class' score is above t, and background
otherwise. So a pixel is described by its true class, its best class and the number of thresholds
below its best score: with a histogram of these, no threshold needs the scores again.
"""

from collections.abc import Sequence

import numpy as np

from smallobjects.pseudo_labels.labels.scores import mean_iou
from smallobjects.pseudo_labels.training.augmentation import VOID


def thresholds_below(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return how many thresholds each score is above, of any shape, as integers in 0..T.

    Args:
        scores: float.
        thresholds: T float64, ascending. They are compared in the precision of the scores, as
            NumPy compares an array with a number.
    """
    return np.searchsorted(thresholds.astype(scores.dtype), scores, side="left")


class ThresholdCounts:
    """Counts pixels by true class, best class and score over many images."""

    def __init__(self, num_classes: int, thresholds: Sequence[float]) -> None:
        """Start with no image.

        Args:
            num_classes: C, the background included.
            thresholds: T background scores in [0, 1], ascending.
        """
        self.thresholds = np.asarray(thresholds, dtype=np.float64)
        self.counts = np.zeros((num_classes, num_classes, len(thresholds) + 1), dtype=np.int64)
        """C×C×(T+1): true class, best class, thresholds below the score."""

    def add(self, truth: np.ndarray, classes: np.ndarray, scores: np.ndarray) -> None:
        """Count the pixels of one image.

        Args:
            truth: H×W uint8; 255 is left out.
            classes: K class ids; without any, the label is background at every threshold.
            scores: K×H×W float.
        """
        valid = truth != VOID
        rows = truth[valid].astype(np.int64)
        best, level = np.zeros((2, len(rows)), dtype=np.int64)
        if len(classes):
            scores = scores[:, valid]
            best = np.asarray(classes, dtype=np.int64)[scores.argmax(axis=0)]
            level = thresholds_below(scores.max(axis=0), self.thresholds)
        flat = np.ravel_multi_index((rows, best, level), self.counts.shape)
        self.counts += np.bincount(flat, minlength=self.counts.size).reshape(self.counts.shape)

    def confusions(self) -> np.ndarray:
        """Return T×C×C counts: threshold, true class, labelled class."""
        above = self.counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
        found = np.moveaxis(above[:, :, 1:], 2, 0).copy()
        found[:, :, 0] = self.counts.sum(axis=(1, 2)) - found[:, :, 1:].sum(axis=2)
        return found

    def mean_ious(self) -> list[float | None]:
        """Return the mIoU in [0, 1] at each threshold; None where nothing is counted."""
        return [mean_iou(confusion) for confusion in self.confusions()]
