"""Checksums of everything that a run makes: bit rot in results is noticed.

A folder of results that has a folder `checksums` keeps the SHA-256 of every file below it: of each
published file or folder in a list of its own, `checksums/<its path>.sha256`, in the form that
`sha256sum --check` reads from the folder of results. Symbolic links, which lead to raw data, are
left out.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from smallobjects.errors import BadInputError

FOLDER = "checksums"
SUFFIX = ".sha256"
_ABOUT = "about.txt"
_ESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}
_TEXT = """SHA-256 of the results beside this folder, as they were written.
`smallobjects verify <folder of results>` says what has changed, is missing or does not belong; so
does, for changes alone: cd <folder of results> && cat $(find checksums -name '*.sha256') |
sha256sum --check --quiet
"""


class DamagedError(BadInputError):
    """A file is no longer what was written."""


def keep_checksums(results: Path) -> None:
    """Let everything that is published below a folder have its checksums in it from now on."""
    folder = results / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _ABOUT).exists():
        (folder / _ABOUT).write_text(_TEXT)


def keeps_checksums(results: Path) -> bool:
    """Return whether a folder of results has checksums."""
    return (results / FOLDER / _ABOUT).is_file()


def file_checksum(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(target: Path, content: Path) -> None:
    """Keep the checksums of a file or folder that is about to be published.

    Args:
        target: its name. Nothing is kept if no folder above it keeps checksums, nor for what lies
            in the scratch folder of a training (`*.work`).
        content: where it is now.
    """
    found = _place(target)
    if found is None:
        return
    results, path = found
    if content.is_dir():
        lines = "".join(_lines(content, path))
    else:
        lines = _line(file_checksum(content), path)
    kept = _kept_in(results, path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_name(f".{kept.name}.{os.getpid()}.partial")
    partial.write_bytes(os.fsencode(lines))
    partial.replace(kept)


def check_recorded(path: Path) -> None:
    """Refuse a published file that is not what was written; one without a checksum passes.

    Raises:
        DamagedError: its checksum is another one.
    """
    found = _place(path)
    if found is None:
        return
    kept = _kept_in(*found)
    if kept.is_file() and dict(read_checksums(kept)).get(str(found[1])) != file_checksum(path):
        raise DamagedError(
            f"{path}: has changed since it was written; remove it, and it is made again"
        )


def read_checksums(kept: Path) -> Iterator[tuple[str, str]]:
    """Yield path, from the folder of results, and checksum of every file in a list."""
    for line in os.fsdecode(kept.read_bytes()).split("\n")[:-1]:
        checksum, _, name = line.partition("  ")
        if checksum.startswith("\\"):
            name = re.sub(r"\\(.)", lambda found: _ESCAPED[found[1]], name)
        yield name, checksum.removeprefix("\\")


def _place(target: Path) -> tuple[Path, Path] | None:
    """Return the folder of results above a path, and the path from there."""
    target = target.absolute()
    if any(part.endswith(".work") for part in target.parts[:-1]):
        return None
    for parent in target.parents:
        if keeps_checksums(parent):
            return parent, target.relative_to(parent)
    return None


def _kept_in(results: Path, path: Path) -> Path:
    return results / FOLDER / path.with_name(path.name + SUFFIX)


def _lines(folder: Path, below: Path) -> Iterator[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    for path in sorted(files, key=lambda path: os.fsencode(path.relative_to(folder))):
        yield _line(file_checksum(path), below / path.relative_to(folder))


def _line(checksum: str, path: Path) -> str:
    name = str(path)
    # As sha256sum writes and reads such names.
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return f"{mark}{checksum}  {escaped}\n"
