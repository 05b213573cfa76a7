"""A disk without room, told in words that name the place, whatever a library made of it."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_LITTLE = 1 << 20
"""Bytes that are as good as none."""
_NO_PLACE = "No usable temporary directory"
"""Python's words when it cannot write to any place for temporary files."""
_SHARED = ("shared memory", "</torch_")
"""Words of PyTorch's when the memory that processes share is used up."""


def full_disk(error: BaseException) -> str | None:
    """Return what is said of a full disk, if one is behind an error; else None.

    Temporary files lie in the folder `TMPDIR`, or `/tmp`. Who meets a full one did not choose it,
    so it is named with what chooses another.
    """
    for each in _behind(error):
        if isinstance(each, FileNotFoundError) and _NO_PLACE in str(each):
            places = str(each).rpartition("[")[2].rstrip("]").replace("'", "")
            return (
                f"{places}: no place for temporary files, as these are full or cannot be written "
                "to; make room in one of them, or set TMPDIR to a folder with room"
            )
        if isinstance(each, OSError) and each.errno in NO_ROOM:
            return _in_words(each)
        if isinstance(each, RuntimeError) and any(words in str(each) for words in _SHARED):
            return (
                "/dev/shm: the memory that loader processes share is used up; make it larger "
                "(docker run --shm-size=8g), or take fewer of them: --workers 0"
            )
    return None


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _in_words(error: OSError) -> str:
    place, temporary = error.filename2 or error.filename, Path(tempfile.gettempdir())
    unnamed = place is None and shutil.disk_usage(temporary).free < _LITTLE
    if unnamed or (place is not None and temporary in Path(place).parents):
        return (
            f"{place or temporary}: the disk is full; make room in {temporary}, or set TMPDIR to a "
            "folder with room for temporary files"
        )
    named = f"{place}: " if place else ""
    return (
        f"{named}the disk is full; make room and start again: what is finished is kept, and a "
        "training goes on from its last checkpoint"
    )
