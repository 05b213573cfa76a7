"""Labels read from attention maps alone, to see what saliency and what follows add."""

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.attention.store import AttentionMaps, enlarge
from smallobjects.pseudo_labels.cams.maps import label_by_argmax


class AttentionLabels:
    """Makes an image's label from its attention maps and a constant background score."""

    def __init__(self, dataset: PreparedDataset, maps: AttentionMaps, threshold: float) -> None:
        """Take the maps; `threshold` is the background score, in [0, 1]."""
        self._dataset = dataset
        self._maps = maps
        self._threshold = threshold

    def __call__(self, image_id: str) -> np.ndarray:
        """Return the H×W uint8 label of an image."""
        height, width = self._dataset.read_semantic(image_id).shape
        classes, maps = self._maps[image_id]
        if len(classes) == 0:
            return np.zeros((height, width), dtype=np.uint8)
        return label_by_argmax(classes, enlarge(maps, height, width, "bilinear"), self._threshold)
