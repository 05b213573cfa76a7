"""Where maps part into background and objects by themselves, without masks and boxes (Otsu)."""

from collections.abc import Sequence

import numpy as np

from smallobjects.pseudo_labels.tuning.threshold_counts import thresholds_below


class ScoreSpread:
    """Adds up the highest scores of pixels over many images."""

    def __init__(self, thresholds: Sequence[float]) -> None:
        """Start with no image; `thresholds` are T values in [0, 1], ascending."""
        self.thresholds = np.asarray(thresholds, dtype=np.float64)
        self.counts = np.zeros(len(thresholds) + 1, dtype=np.int64)
        """By the number of thresholds below a pixel's score."""
        self.sums = np.zeros(len(thresholds) + 1)
        """Of the scores, likewise."""

    def add(self, classes: np.ndarray, scores: np.ndarray) -> None:
        """Add the pixels of one image; one without a class says nothing of a threshold.

        Args:
            classes: K class ids.
            scores: K×H×W float in [0, 1].
        """
        if len(classes) == 0:
            return
        highest = scores.max(axis=0).ravel()
        level = thresholds_below(highest, self.thresholds)
        self.counts += np.bincount(level, minlength=len(self.counts))
        self.sums += np.bincount(level, weights=highest, minlength=len(self.sums))

    def explained(self) -> list[float | None]:
        """Return the variance between the two sides of each threshold, largest 1 (Otsu, 1979).

        It is w₀ w₁ (m₀ − m₁)², w and m being the part of the pixels and the mean score on a side,
        divided by its largest value over the thresholds.

        Returns:
            T values in [0, 1]; 0 where a side is empty, None where every threshold has one.
        """
        below, total = self.counts.cumsum()[:-1], self.counts.sum()
        sum_below, whole = self.sums.cumsum()[:-1], self.sums.sum()
        above = total - below
        means = [
            np.divide(a, b, out=np.zeros(len(below)), where=b > 0)
            for a, b in ((sum_below, below), (whole - sum_below, above))
        ]
        between = below * above * (means[0] - means[1]) ** 2
        highest = between.max()
        return [float(value / highest) if highest > 0 else None for value in between]
