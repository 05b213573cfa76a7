"""How well thresholded maps reach as far as boxes do, without a mask.

A box touches its object on all four sides: the rows and columns that hold a pixel of an object are
those of its box. So the extents of the true mask and of the boxes agree whatever the object's
shape, which their areas do not (the projection loss of BoxInst, Tian et al., CVPR 2021).
"""

from collections.abc import Sequence

import numpy as np

from smallobjects.pseudo_labels.boxes import BoxedObject, inside
from smallobjects.pseudo_labels.tuning.threshold_counts import thresholds_below

NOWHERE = -1.0
"""Below every score."""


class ProjectionCounts:
    """Counts the rows and columns of every class by box and score over many images.

    The classes are counted together: with means over classes, those that a classifier has not
    learnt, and of which any extent is wrong, would choose the threshold of all.
    """

    def __init__(self, thresholds: Sequence[float]) -> None:
        """Start with no image; `thresholds` are T values in [0, 1], ascending."""
        self.thresholds = np.asarray(thresholds, dtype=np.float64)
        self.counts = np.zeros((2, len(thresholds) + 1), dtype=np.int64)
        """2×(T+1): in a box of the class or not, thresholds below the highest score."""

    def add(
        self, objects: tuple[BoxedObject, ...], classes: np.ndarray, scores: np.ndarray
    ) -> None:
        """Count the rows and columns of one image.

        Args:
            objects: its boxes.
            classes: K class ids.
            scores: K×H×W float in [0, 1].
        """
        if len(classes) == 0:
            return
        best = scores.argmax(axis=0)
        for place, class_id in enumerate(classes):
            own = np.where(best == place, scores[place], scores.dtype.type(NOWHERE))
            boxes = inside(objects, own.shape, int(class_id))
            for axis in (0, 1):
                level = thresholds_below(own.max(axis=axis), self.thresholds)
                boxed = boxes.any(axis=axis).astype(np.int64)
                np.add.at(self.counts, (boxed, level), 1)

    def ious(self) -> list[float | None]:
        """Return the IoU of the extents at each threshold: T values in [0, 1].

        None without any box.
        """
        boxed = int(self.counts[1].sum())
        if not boxed:
            return [None] * len(self.thresholds)
        outside, within = self.counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
        return [float(value) for value in within / (boxed + outside)]
