"""The masks of all objects of one shard: an npz with one array per object.

    <image id>/<object id>    h×w float32 in [0, 1], the mask on its own grid over the image;
                              0×0 for an object that the detector does not see
Every object of every image of the shard has its array. `numpy.load` reads the file too.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from smallobjects.pseudo_labels.archives.arrays import ArrayArchive, add_array
from smallobjects.publishing import publish_file

REMEDY = "run `smallobjects attribute-boxes` on this dataset again"


class AttributionWriter:
    """Adds the mask of one object after the other to an open archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, image_id: str, object_id: int, mask: np.ndarray) -> None:
        """Add the h×w mask of an object; each only once."""
        add_array(self._archive, f"{image_id}/{object_id}", np.asarray(mask, np.float32))


@contextmanager
def write_attributions(path: str | Path) -> Iterator[AttributionWriter]:
    """Yield a writer of the store `path`, which appears when the block succeeds."""
    with publish_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        yield AttributionWriter(archive)


class AttributionStore(ArrayArchive):
    """The masks of one shard, read object by object. Use it as a context manager."""

    def __init__(self, path: str | Path) -> None:
        """Open the store `path`.

        Raises:
            BadInputError: the file is no store of masks.
        """
        super().__init__(path, REMEDY)

    def read(self, image_id: str, object_id: int) -> np.ndarray:
        """Return the h×w float32 mask of an object.

        Raises:
            BadInputError: the store has no such object.
        """
        what = f"mask of object {object_id} of image {image_id}"
        return self.array(f"{image_id}/{object_id}", what)
