"""Zip archives, and what is one: npz files, label archives, checkpoints of torch."""

import struct
import zipfile
import zlib
from pathlib import Path

from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.zip_names import settle_names

# What zipfile raises on a damaged archive depends on which of its bytes is hit.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_BLOCK = 1 << 20
_LONGEST_END = (1 << 16) + 200
"""Bytes of the end of an archive, with its comment, and of the larger form before it."""
_IN_LARGE_END = 0xFFFF


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open an archive for reading.

    Its directory has no checksum. So its members are counted and their names compared, see
    `settle_names`, by whose names they are called.

    Raises:
        FileNotFoundError: there is no such file.
        ContentError: it is no zip archive, or its directory is damaged.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise
    except _DAMAGED as error:
        raise ContentError(f"no whole zip archive: {error}") from error
    try:
        _check_count(archive)
        settle_names(archive)
    except _DAMAGED as error:
        archive.close()
        raise ContentError(f"no whole zip archive: {error}") from error
    return archive


def _check_count(archive: zipfile.ZipFile) -> None:
    archive.fp.seek(0, 2)
    archive.fp.seek(max(0, archive.fp.tell() - _LONGEST_END))
    end = archive.fp.read()
    start = end.rfind(zipfile.stringEndArchive)
    [count] = struct.unpack_from("<H", end, start + 10)
    large = end.rfind(zipfile.stringEndArchive64, 0, start)
    if count == _IN_LARGE_END and large >= 0:
        [count] = struct.unpack_from("<Q", end, large + 32)
    if count != len(archive.infolist()):
        raise ContentError(
            f"damaged: its directory has {len(archive.infolist())} of {count} members"
        )


def read_member(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo) -> bytes:
    """Return the content of a member whose checksum fits.

    Raises:
        KeyError: there is no such member.
        ContentError: it is damaged.
    """
    try:
        return archive.read(name)
    except _DAMAGED as error:
        raise ContentError(f"damaged: {error}") from error


def check_zip(path: Path) -> None:
    """Read all of an archive, for readers that take its checksums on trust, as torch does.

    Raises:
        FileNotFoundError: there is no such file.
        ContentError: it is no zip archive, or a member is damaged.
    """
    with open_zip(path) as archive:
        try:
            for name in archive.namelist():
                with archive.open(name) as member:
                    while member.read(_BLOCK):
                        pass
        except _DAMAGED as error:
            raise ContentError(f"damaged: {error}") from error
