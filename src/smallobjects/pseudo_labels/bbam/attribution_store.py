"""The masks of all objects of one shard: an npz with one array per object.

    <image id>/<object id>    h×w float32 in [0, 1], the mask on its own grid over the image;
                              0×0 for an object that the detector does not see
Every object of every image of the shard has its array. `numpy.load` reads the file too.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.zip_members import fixed_member
from smallobjects.publishing import publish_file

REMEDY = "run `smallobjects attribute-boxes` on this dataset again"


class AttributionWriter:
    """Adds the mask of one object after the other to an open archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, image_id: str, object_id: int, mask: np.ndarray) -> None:
        """Add the h×w mask of an object; each only once."""
        content = io.BytesIO()
        values = np.ascontiguousarray(mask, dtype=np.float32)
        np.lib.format.write_array(content, values, allow_pickle=False)
        member = fixed_member(f"{image_id}/{object_id}.npy", zipfile.ZIP_STORED)
        self._archive.writestr(member, content.getvalue())


@contextmanager
def write_attributions(path: str | Path) -> Iterator[AttributionWriter]:
    """Yield a writer of the store `path`, which appears when the block succeeds."""
    with publish_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        yield AttributionWriter(archive)


class AttributionStore:
    """The masks of one shard, read object by object. Use it as a context manager."""

    def __init__(self, path: str | Path) -> None:
        """Open the store `path`.

        Raises:
            BadInputError: the file is no store of masks.
        """
        self.path = Path(path)
        try:
            self._archive = zipfile.ZipFile(self.path)
        except zipfile.BadZipFile as error:
            raise BadInputError(f"{self.path}: not an npz file; {REMEDY}") from error

    def __enter__(self) -> "AttributionStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()

    def read(self, image_id: str, object_id: int) -> np.ndarray:
        """Return the h×w float32 mask of an object.

        Raises:
            BadInputError: the store has no such object.
        """
        try:
            content = self._archive.read(f"{image_id}/{object_id}.npy")
        except KeyError as error:
            raise BadInputError(
                f"{self.path}: no mask of object {object_id} of image {image_id}; {REMEDY}"
            ) from error
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
