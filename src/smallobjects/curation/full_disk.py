"""A disk that is full, told apart from a file that is damaged."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smallobjects.curation.errors import FullDiskError

_LITTLE = 1 << 17
"""Bytes; SQLite begins to write with a page for its log and 32 KiB that its readers share."""


@contextmanager
def name_full_disk(path: Path) -> Iterator[None]:
    """Say of an error of SQLite's that the disk is full, if it is.

    Raises:
        FullDiskError: it is.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        if full or shutil.disk_usage(path.parent).free < _LITTLE:
            raise FullDiskError(
                f"{path}: the disk is full ({error}); free some space and go on, all verdicts that "
                "were confirmed are intact"
            ) from error
        raise
