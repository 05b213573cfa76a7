"""Room on the disk, asked for before anything is written."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smallobjects.fetching.errors import FetchError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Check that `needed` bytes fit on the disk of an existing folder.

    Raises:
        FetchError: they do not; the message says how many are missing, and for what `purpose`.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FetchError(
            f"{folder}: {purpose} needs {needed:,} bytes, but only {free:,} are free; make room "
            f"for {needed - free:,} more, or set `downloads` in config.yaml to another disk"
        )


@contextmanager
def explain_full_disk(path: Path, then: str) -> Iterator[None]:
    """Turn the error of a full disk, a full quota or a too large file into a FetchError.

    Args:
        path: what is being written, for the message.
        then: what the next run does, for the message.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise FetchError(
            f"{path}: cannot be written on, {error.strerror}; make room and run again, {then}"
        ) from error
