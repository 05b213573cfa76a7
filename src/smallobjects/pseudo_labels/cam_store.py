"""The file of class activation maps of one shard: an npz written and read image by image.

    <id>/classes    K uint8, the class ids present, ascending; K may be 0
    <id>/maps       K×h×w float16 in [0, 1], at stride 4: h = ceil(H / 4), w = ceil(W / 4)
`numpy.load` reads it too.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.strides import strided_size
from smallobjects.pseudo_labels.zip_members import fixed_member
from smallobjects.publishing import publish_file


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
        self._add(f"{image_id}/classes.npy", np.asarray(classes, dtype=np.uint8))
        self._add(f"{image_id}/maps.npy", np.asarray(maps, dtype=np.float16))

    def _add(self, name: str, array: np.ndarray) -> None:
        content = io.BytesIO()
        np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
        # Half of the values are zeros (ReLU), so the quickest compression pays.
        member = fixed_member(name, zipfile.ZIP_DEFLATED)
        self._archive.writestr(member, content.getvalue(), compresslevel=1)


@contextmanager
def write_cams(path: str | Path) -> Iterator[CamWriter]:
    """Yield a writer of the store `path`, which appears when the block succeeds."""
    with publish_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        yield CamWriter(archive)


class CamStore:
    """The maps of one shard, read image by image. Use it as a context manager."""

    def __init__(self, path: str | Path) -> None:
        """Open the store `path`.

        Raises:
            BadInputError: the file is not a store of class activation maps.
        """
        self.path = Path(path)
        try:
            self._archive = zipfile.ZipFile(self.path)
        except zipfile.BadZipFile as error:
            raise BadInputError(
                f"{self.path}: not an npz file; make it again with `smallobjects make-cams`"
            ) from error
        names = self._archive.namelist()
        self.image_ids = [n.removesuffix("/maps.npy") for n in names if n.endswith("/maps.npy")]
        """The images in the order they were written."""

    def __enter__(self) -> "CamStore":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()

    def read(self, image_id: str, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return an image's class ids (K uint8) and maps (K×h×w float32).

        Args:
            image_id: the image.
            shape: its height and width in pixels.

        Raises:
            BadInputError: the store has no such image, or maps of another size.
        """
        classes = self._array(image_id, "classes")
        maps = self._array(image_id, "maps").astype(np.float32)
        expected = (len(classes), *strided_size(*shape))
        if maps.shape != expected:
            raise BadInputError(
                f"{self.path}: the maps of image {image_id} have the shape {maps.shape}, its size "
                f"needs {expected}; run `smallobjects make-cams` on this dataset again"
            )
        return classes, maps

    def _array(self, image_id: str, key: str) -> np.ndarray:
        try:
            content = self._archive.read(f"{image_id}/{key}.npy")
        except KeyError as error:
            raise BadInputError(
                f"{self.path}: no maps of image {image_id}; run `smallobjects make-cams` again"
            ) from error
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
