"""Batches of masks that are done, on disk, so that a stopped shard does not repeat them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smallobjects.pseudo_labels.bbam.attribution_store import AttributionStore, write_attributions

Named = tuple[str, int]
"""Image id and object id."""


class FinishedBatches:
    """One file for each batch, named after its first object."""

    def __init__(self, folder: Path) -> None:
        """Set the folder: of a shard with other settings or inputs, another one."""
        self._folder = folder

    def read(self, names: Sequence[Named]) -> list[np.ndarray] | None:
        """Return the masks of the objects of a batch, or None if it is not done.

        Raises:
            BadInputError: its file is damaged.
        """
        path = self._path(names)
        if not path.exists():
            return None
        with AttributionStore(path) as store:
            return [store.read(*name) for name in names]

    def write(self, names: Sequence[Named], masks: Sequence[np.ndarray]) -> None:
        """Keep the masks of a batch."""
        with write_attributions(self._path(names)) as store:
            for name, mask in zip(names, masks, strict=True):
                store.write(*name, mask)

    def _path(self, names: Sequence[Named]) -> Path:
        image_id, object_id = names[0]
        return self._folder / f"{image_id}_{object_id}.npz"
