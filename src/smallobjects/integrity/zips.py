"""Zip archives, and what is one: npz files, label archives, checkpoints of torch."""

import struct
import zipfile
import zlib
from pathlib import Path

from smallobjects.integrity.errors import ContentError

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


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open an archive for reading.

    Raises:
        FileNotFoundError: there is no such file.
        ContentError: it is no zip archive, or its directory is damaged.
    """
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise
    except _DAMAGED as error:
        raise ContentError(f"no whole zip archive: {error}") from error


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
