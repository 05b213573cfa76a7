"""Unpack one folder or file of an archive, whole or not at all."""

import math
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from smallobjects.fetching.archives import ArchiveFile, open_archive
from smallobjects.fetching.errors import FetchError
from smallobjects.fetching.progress import ByteCounter, byte_progress
from smallobjects.fetching.records import MadeRecord, is_present, write_record
from smallobjects.fetching.space import explain_full_disk, require_space
from smallobjects.publishing import publish_directory, publish_file
from smallobjects.publishing.one_writer import only_writer

_CHUNK = 1 << 20
_BLOCK = 4096


def unpack(archive: str | Path, member: str, output: str | Path) -> MadeRecord:
    """Unpack the folder or file `member` of a zip or tar archive to `output`.

    It appears under its name when it is whole, with a record beside it. Before anything is written,
    all names in the archive and the free space are checked. What is there already is used as it is,
    and never replaced.

    Args:
        archive: a zip file, or a tar file of any compression that Python reads.
        member: path of a folder or file in the archive.
        output: the folder or file to make.

    Returns:
        The record.

    Raises:
        FetchError: the archive is damaged, holds what must not be unpacked, or lacks the member;
            or the disk is full.
    """
    archive, output = Path(archive), Path(output).absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(output, patience=math.inf):
        if is_present(output):
            print(f"{output}: is there already", file=sys.stderr, flush=True)
            files = None
        else:
            files = _unpack(archive, member, output)
        record = MadeRecord(made_from=(archive.name, member), files=files)
        write_record(output, record)
        return record


def _unpack(archive: Path, member: str, output: Path) -> int:
    """Return the number of unpacked files."""
    with open_archive(archive) as every_file:
        files = [f for f in every_file if f.name == member or f.name.startswith(f"{member}/")]
        if not files:
            tops = sorted({file.name.partition("/")[0] for file in every_file})
            raise FetchError(
                f"{archive}: has no {member!r}; it holds {', '.join(tops[:10]) or 'no file'}"
            )
        on_disk = sum(-(-file.size // _BLOCK) * _BLOCK for file in files)
        require_space(output.parent, on_disk, f"{output.name}, unpacked,")
        size = sum(file.size for file in files)
        with (
            explain_full_disk(output, "it is unpacked from the beginning"),
            byte_progress(output.name, 0, size) as progress,
        ):
            if files[0].name == member:
                with publish_file(output) as scratch:
                    _write(files, lambda file: scratch, progress)
            else:
                with publish_directory(output) as folder:
                    _write(files, lambda f: folder / f.name.removeprefix(f"{member}/"), progress)
        return len(files)


def _write(
    files: list[ArchiveFile], place: Callable[[ArchiveFile], Path], progress: ByteCounter
) -> None:
    done = 0
    for file in files:
        path = place(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with file.open() as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        if path.stat().st_size != file.size:
            raise EOFError(f"{file.name} has {path.stat().st_size} bytes, not {file.size}")
        done += file.size
        progress.update(done)
