"""Labels read from class activation maps alone, to see what the later stages add."""

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.cams.maps import threshold_cam
from smallobjects.pseudo_labels.cams.stores import CamStores


class CamLabels:
    """Makes an image's label from its maps and a constant background score."""

    def __init__(self, dataset: PreparedDataset, maps: CamStores, threshold: float) -> None:
        """Take the open maps; `threshold` is the background score, in [0, 1]."""
        self._dataset = dataset
        self._maps = maps
        self._threshold = threshold

    def __call__(self, image_id: str) -> np.ndarray:
        """Return the label of an image.

        Raises:
            BadInputError: no store has the image.
        """
        height, width = self._dataset.read_semantic(image_id).shape
        classes, maps = self._maps.read(image_id, (height, width))
        return threshold_cam(classes, maps, height, width, self._threshold)
