"""The files in a zip or tar archive, after a look at whether all of them may be unpacked."""

import errno
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from smallobjects.fetching.errors import FetchError
from smallobjects.integrity.zip_names import settle_names

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGES = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    UnicodeError,  # a name
    NotImplementedError,  # a compression that Python does not read
    OverflowError,  # lengths in damaged headers
    struct.error,
)
_TAR_BLOCK = 512
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ArchiveFile:
    """A regular file in an archive."""

    name: str
    """Its path in the archive, relative, with plain parts."""
    size: int
    """Its bytes, as the archive states them."""
    open: Callable[[], IO[bytes]]


@contextmanager
def open_archive(path: Path) -> Iterator[list[ArchiveFile]]:
    """Yield the files of an archive, in its order.

    Only regular files and folders are accepted, in places below the one that is unpacked to.

    Raises:
        FetchError: the archive is missing, truncated or damaged; or a member's path leads outside,
            is named twice, or is a link, a device or encrypted.
    """
    if not path.is_file():
        raise FetchError(
            f"{path}: there is no such archive; delete {path}.record.json if it is there, and "
            "fetch the archive again"
        )
    try:
        with path.open("rb") as file:
            start = file.read(4)
        opened = _open_zip if start.startswith(_ZIP_STARTS) else _open_tar
        with opened(path) as files:
            yield _without_twins(path, files)
    except (*_DAMAGES, OSError) as error:
        # A damaged directory sends readers to places before the beginning; bz2 numbers no error.
        damaged = isinstance(error, _DAMAGES) or error.errno in (None, errno.EINVAL)
        if not damaged or getattr(error, "filename", None):
            raise
        raise FetchError(
            f"{path}: the archive is truncated or damaged, or neither zip nor tar ({error}); "
            f"delete it and {path}.record.json, and fetch it again"
        ) from error


@contextmanager
def _open_zip(path: Path) -> Iterator[list[ArchiveFile]]:
    with zipfile.ZipFile(path) as archive:
        settle_names(archive)
        files = []
        for member in archive.infolist():
            _check_name(path, member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or member.flag_bits & 1:
                raise _refused(path, member.filename, "is a link, a device or encrypted")
            # A compression that Python does not read stops here, before anything is unpacked.
            archive.open(member).close()
            if not member.is_dir():
                opened = partial(archive.open, member)
                files.append(ArchiveFile(_plain(member.filename), member.file_size, opened))
        yield files


@contextmanager
def _open_tar(path: Path) -> Iterator[list[ArchiveFile]]:
    with tarfile.open(path) as archive:
        files = []
        for member in archive:
            _check_name(path, member.name)
            if not (member.isreg() or member.isdir()):
                raise _refused(path, member.name, "is a link or a device")
            if member.isreg():
                opened = partial(_open_member, archive, member)
                files.append(ArchiveFile(_plain(member.name), member.size, opened))
        _check_end(archive)
        yield files


def _open_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise tarfile.ReadError(f"{member.name} has no content")
    return file


def _check_end(archive: tarfile.TarFile) -> None:
    """Look for the block of zeros that ends an archive: one cut between two files has none.

    Then read to the end, where a compressed archive has its checksum.
    """
    archive.fileobj.seek(archive.offset)
    block = archive.fileobj.read(_TAR_BLOCK)
    if not block or block.strip(b"\0"):
        raise tarfile.ReadError("its end is missing")
    while archive.fileobj.read(_CHUNK):
        pass


def _check_name(path: Path, name: str) -> None:
    first, *_ = name.split("/", maxsplit=1)
    up = ".." in PurePosixPath(name).parts
    if name.startswith("/") or up or ":" in first or "\\" in name or "\0" in name:
        raise _refused(path, name, "leads outside the folder that is unpacked to")


def _plain(name: str) -> str:
    return str(PurePosixPath(name))


def _without_twins(path: Path, files: list[ArchiveFile]) -> list[ArchiveFile]:
    seen = set()
    for file in files:
        if file.name in seen:
            raise _refused(path, file.name, "occurs twice")
        seen.add(file.name)
    return files


def _refused(path: Path, name: str, reason: str) -> FetchError:
    return FetchError(
        f"{path}: the member {name!r} {reason}; nothing is unpacked. This is not the archive that "
        "was published: delete it, and fetch it from another address"
    )
