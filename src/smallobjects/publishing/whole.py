"""Files and folders that appear under their name only when they are whole.

Where results keep checksums, those of what is published are there before it has its name.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from smallobjects.publishing.checksums import record
from smallobjects.publishing.one_writer import only_writer, this_process


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.{this_process()}.partial")


def _clear(target: Path) -> None:
    """Remove what killed processes left of `target`, of which this is now the only writer."""
    start = f".{target.name}."
    for leftover in target.parent.glob(f"{escape(start)}*"):
        process, _, kind = leftover.name.removeprefix(start).rpartition(".")
        if kind not in ("partial", "replaced") or "." in process:
            continue
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


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
        BeingWrittenError: another process writes `target`; the block has not run.
        FileExistsError: `target` is a device or a pipe, in whose place no file is put.
        OSError: with the name of `target` if the disk is full, in whatever way the block's
            libraries say so.
    """
    target = Path(target)
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise FileExistsError(f"{target}: a device or a pipe, which is not replaced; name a file")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    with only_writer(target) as alone:
        if alone:
            _clear(target)
        try:
            yield partial
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            record(target, partial)
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
        BeingWrittenError, OSError: as `publish_file`.
    """
    target = Path(target)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"{target}: a file is where a folder is to be made; remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    replaced = partial.with_suffix(".replaced")
    with only_writer(target) as alone:
        if alone:
            _clear(target)
        partial.mkdir()
        try:
            yield partial
            record(target, partial)
            if target.exists():
                target.rename(replaced)
            partial.rename(target)
        except Exception as error:
            _name_full_disk(error, target)
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)
