"""Arrays in an npz file, written and read one by one."""

import io
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.zips import open_zip, read_member
from smallobjects.pseudo_labels.archives.members import fixed_member
from smallobjects.pseudo_labels.errors import BadInputError


def add_array(
    archive: zipfile.ZipFile, name: str, array: np.ndarray, *, compressed: bool = False
) -> None:
    """Add an array to an open archive, under a name without suffix."""
    content = io.BytesIO()
    np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
    member = fixed_member(f"{name}.npy", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
    archive.writestr(member, content.getvalue(), compresslevel=1 if compressed else None)


class ArrayArchive:
    """An npz file that is open for reading. Use it as a context manager."""

    def __init__(self, path: str | Path, remedy: str) -> None:
        """Open `path`; errors end with `remedy`, which says how to make the file again.

        Raises:
            FileNotFoundError: there is no such file.
            BadInputError: the file is not a whole npz file.
        """
        self.path = Path(path)
        self._remedy = remedy
        try:
            self._archive = open_zip(self.path)
        except ContentError as error:
            raise BadInputError(f"{self.path}: not an npz file ({error}); {remedy}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()

    def array(self, name: str, what: str) -> np.ndarray:
        """Return an array.

        Raises:
            BadInputError: the file has no such array (the message says that `what` is missing), or
                it is damaged.
        """
        try:
            content = read_member(self._archive, f"{name}.npy")
            return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        except KeyError as error:
            raise BadInputError(f"{self.path}: no {what}; {self._remedy}") from error
        except (ContentError, ValueError) as error:
            raise BadInputError(f"{self.path}: {what}: {error}; {self._remedy}") from error
