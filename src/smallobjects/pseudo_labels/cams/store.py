"""The file of class activation maps of one shard: an npz written and read image by image.

    <id>/classes    K uint8, the class ids present, ascending; K may be 0
    <id>/maps       K×h×w float16 in [0, 1], at stride 4: h = ceil(H / 4), w = ceil(W / 4)
`numpy.load` reads it too.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from smallobjects.pseudo_labels.archives.arrays import ArrayArchive, add_array
from smallobjects.pseudo_labels.cams.strides import strided_size
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.publishing import publish_file

REMEDY = "run `smallobjects make-cams` on this dataset again"


class CamWriter:
    """Adds the maps of one image after the other to an open archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, image_id: str, classes: np.ndarray, maps: np.ndarray) -> None:
        """Add one image.

        Args:
            image_id: the image's id; each only once.
            classes: K class ids.
            maps: K×h×w float, in [0, 1].
        """
        # Half of the values are zeros (ReLU), so the quickest compression pays.
        arrays = {"classes": np.asarray(classes, np.uint8), "maps": np.asarray(maps, np.float16)}
        for name, array in arrays.items():
            add_array(self._archive, f"{image_id}/{name}", array, compressed=True)


@contextmanager
def write_cams(path: str | Path) -> Iterator[CamWriter]:
    """Yield a writer of the store `path`, which appears when the block succeeds."""
    with publish_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        yield CamWriter(archive)


class CamStore(ArrayArchive):
    """The maps of one shard, read image by image. Use it as a context manager."""

    def __init__(self, path: str | Path) -> None:
        """Open the store `path`.

        Raises:
            BadInputError: the file is not a store of class activation maps.
        """
        super().__init__(path, REMEDY)
        names = self._archive.namelist()
        self.image_ids = [n.removesuffix("/maps.npy") for n in names if n.endswith("/maps.npy")]
        """The images in the order they were written."""

    def read(self, image_id: str, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return an image's class ids (K uint8) and maps (K×h×w float32).

        Args:
            image_id: the image.
            shape: its height and width in pixels.

        Raises:
            BadInputError: the store has no such image, or maps of another size.
        """
        what = f"maps of image {image_id}"
        classes = self.array(f"{image_id}/classes", what)
        maps = self.array(f"{image_id}/maps", what).astype(np.float32)
        expected = (len(classes), *strided_size(*shape))
        if maps.shape != expected:
            raise BadInputError(
                f"{self.path}: the maps of image {image_id} have the shape {maps.shape}, its size "
                f"needs {expected}; {REMEDY}"
            )
        return classes, maps
