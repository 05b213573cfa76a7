"""The maps of several shards, read image by image wherever they are."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from smallobjects.pseudo_labels.cams.store import CamStore
from smallobjects.pseudo_labels.errors import BadInputError


class CamStores:
    """The stores of all shards. Use it as a context manager."""

    def __init__(self, paths: list[Path]) -> None:
        """Open and index the stores.

        Raises:
            BadInputError: a file is not a store of class activation maps.
        """
        self._paths = paths
        self._stack = ExitStack()
        self._stores: dict[str, CamStore] = {}
        for path in paths:
            store = self._stack.enter_context(CamStore(path))
            self._stores.update(dict.fromkeys(store.image_ids, store))

    def __enter__(self) -> "CamStores":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def read(self, image_id: str, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return an image's class ids (K uint8) and maps (K×h×w float32), as `CamStore.read` does.

        Raises:
            BadInputError: no store has the image.
        """
        if image_id not in self._stores:
            names = ", ".join(str(path) for path in self._paths)
            raise BadInputError(
                f"{names}: no maps of image {image_id}; give the maps of all shards of the split"
            )
        return self._stores[image_id].read(image_id, shape)
