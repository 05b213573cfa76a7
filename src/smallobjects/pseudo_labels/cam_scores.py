"""Labels read from class activation maps alone, to see what the later stages add."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.cam import threshold_cam
from smallobjects.pseudo_labels.cam_store import CamStore
from smallobjects.pseudo_labels.errors import BadInputError


class CamLabels:
    """Makes an image's label from its maps and a constant background score.

    Use it as a context manager; call it with an image id to get an H×W uint8 label.
    """

    def __init__(self, dataset: PreparedDataset, paths: list[Path], threshold: float) -> None:
        """Index the stores of all shards; `threshold` is the background score, in [0, 1]."""
        self._dataset = dataset
        self._threshold = threshold
        self._paths = paths
        self._stack = ExitStack()
        self._stores: dict[str, CamStore] = {}
        for path in paths:
            store = self._stack.enter_context(CamStore(path))
            self._stores.update(dict.fromkeys(store.image_ids, store))

    def __enter__(self) -> "CamLabels":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def __call__(self, image_id: str) -> np.ndarray:
        """Return the label of an image.

        Raises:
            BadInputError: no store has the image.
        """
        if image_id not in self._stores:
            names = ", ".join(str(path) for path in self._paths)
            raise BadInputError(
                f"{names}: no maps of image {image_id}; give the maps of all shards of the split"
            )
        height, width = self._dataset.read_semantic(image_id).shape
        classes, maps = self._stores[image_id].read(image_id, (height, width))
        return threshold_cam(classes, maps, height, width, self._threshold)
