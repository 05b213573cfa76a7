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
    """Counts rows and columns by class, box and score over many images."""

    def __init__(self, num_classes: int, thresholds: Sequence[float]) -> None:
        """Start with no image; the arguments are those of `ThresholdCounts`."""
        self.thresholds = np.asarray(thresholds, dtype=np.float64)
        self.counts = np.zeros((num_classes, 2, len(thresholds) + 1), dtype=np.int64)
        """C×2×(T+1): class, in a box of it or not, thresholds below the highest score."""

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
                np.add.at(self.counts[class_id], (boxed, level), 1)

    def mean_ious(self) -> list[float | None]:
        """Return at each threshold the IoU of the extents, averaged over the classes with boxes.

        Returns:
            T values in [0, 1]; None without any box.
        """
        above = self.counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
        outside, within = np.moveaxis(above[:, :, 1:], 1, 0)
        boxed = self.counts[:, 1].sum(axis=1)
        known = boxed > 0
        if not known.any():
            return [None] * len(self.thresholds)
        ious = within[known] / (boxed[known, None] + outside[known])
        return [float(value) for value in ious.mean(axis=0)]
