"""Lists of image ids, one a line, and the files that ids name, as other programs leave them."""

from collections.abc import Sequence
from pathlib import Path

from smallobjects.errors import BadInputError

_LONGEST = 240
"""Bytes of a name that leave room for the suffix of its file."""


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file without the space around them; blank ones are left out.

    A mark of byte order at the beginning is no part of the first line.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError: it is not in UTF-8.
        BadInputError: a line cannot be the name of a file.
    """
    found = [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    for line in found:
        if len(line.encode()) > _LONGEST or not line.isprintable():
            shown = repr(line if len(line) < 40 else f"{line[:40]}…")
            raise BadInputError(f"{path}: {shown} is no name of an image; list one a line")
    return found


def files_by_id(folder: Path, suffix: str) -> dict[str, Path]:
    """Return the files of a folder with a suffix, in capitals or not, by their stem, sorted.

    Hidden files, such as the `._<name>` that macOS leaves beside each file on other systems' disks,
    and folders are passed over.

    Args:
        folder: the folder.
        suffix: such as `.png`.

    Raises:
        ValueError: two files differ in nothing but the capitals of the suffix.
        OSError: the folder cannot be read.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() != suffix or path.name.startswith(".") or path.is_dir():
            continue
        if path.stem in found:
            raise ValueError(f"{path}: {found[path.stem].name} is there as well; keep one of them")
        found[path.stem] = path
    return dict(sorted(found.items()))


def file_of_id(folder: Path, image_id: str, suffixes: Sequence[str]) -> Path:
    """Return the file of an image, its suffix in small letters or capitals.

    Args:
        folder: where it lies.
        image_id: its name without the suffix.
        suffixes: those it may have, in small letters, the usual one first.

    Returns:
        The first that is there; the usual name if there is none.
    """
    for suffix in suffixes:
        for written in (suffix, suffix.upper()):
            path = folder / f"{image_id}{written}"
            if path.is_file():
                return path
    return folder / f"{image_id}{suffixes[0]}"
