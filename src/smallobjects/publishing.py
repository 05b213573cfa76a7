"""Files and folders that appear under their name only when they are whole."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _name_full_disk(error: BaseException, target: Path) -> None:
    """Raise an OSError that names `target` if a full disk is behind an error."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, OSError) and behind.errno == errno.ENOSPC:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error
        behind = behind.__cause__ or behind.__context__


@contextmanager
def publish_file(target: str | Path) -> Iterator[Path]:
    """Yield a scratch path in the folder of `target`; rename it to `target` if the block succeeds.

    A block that raises, or a process that is killed, leaves no file of the name `target` behind
    that was not there before.

    Raises:
        OSError: with the name of `target` if the disk is full, in whatever way the block's
            libraries say so.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    partial.unlink(missing_ok=True)
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except Exception as error:
        _name_full_disk(error, target)
        raise
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def publish_directory(target: str | Path) -> Iterator[Path]:
    """Yield an empty scratch folder beside `target`; rename it to `target` if the block succeeds.

    A folder of that name is replaced as a whole: it is renamed out of the way before it is deleted,
    so that a process killed at any moment leaves the old folder, the new one, or none.

    Raises:
        NotADirectoryError: `target` is a file.
        OSError: as `publish_file`.
    """
    target = Path(target)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"{target}: a file is where a folder is to be made; remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    replaced = target.with_name(f".{target.name}.replaced")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        shutil.rmtree(replaced, ignore_errors=True)
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
    except Exception as error:
        _name_full_disk(error, target)
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)
