"""What of a folder of results has changed, is missing, or does not belong there."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from smallobjects.config.layout import BENCHMARKS, LOGS, PREDICTIONS, SCORES, SUMMARY
from smallobjects.errors import BadInputError
from smallobjects.parallel import ordered_map
from smallobjects.publishing.checksums import (
    FOLDER,
    SUFFIX,
    file_checksum,
    keeps_checksums,
    read_checksums,
)

Verdict = Literal["right", "changed", "missing", "unreadable", "unknown", "left over"]
REMEDIES = {
    "changed": "not what was written; remove it, and the workflow makes it again",
    "missing": "was made, and is not there; the workflow makes it again",
    "unreadable": "cannot be read",
    "unknown": "not made by the workflow since it keeps checksums",
    "left over": "left by a process that was killed; it may go once no run is under way",
}
_UNCHECKED = {LOGS, BENCHMARKS, FOLDER}
_EXPECTED = {"README.md", ".gitignore", "report.html", ".snakemake_timestamp"}
_LEFT_OVER = (".partial", ".replaced", ".lock", ".work")


@dataclass(frozen=True)
class FileFinding:
    """What was found of one file."""

    path: str
    """From the folder of results."""
    verdict: Verdict


@dataclass(frozen=True)
class _Expected:
    results: Path
    path: str
    checksum: str


def expected_files(results: Path) -> list[_Expected]:
    """Return every file that has a checksum, sorted by path.

    Predictions that are deleted once they are scored are left out: a whole folder that is gone,
    while its scores are there.

    Raises:
        BadInputError: the folder keeps no checksums.
    """
    if not keeps_checksums(results):
        raise BadInputError(
            f"{results}: keeps no checksums; a run of the workflow makes {results / FOLDER}, and "
            "whatever is made from then on can be verified"
        )
    found = {}
    for kept in sorted((results / FOLDER).rglob(f"*{SUFFIX}")):
        target = kept.relative_to(results / FOLDER).with_suffix("")
        if not _was_scored(results, target):
            found |= dict(read_checksums(kept))
    return [_Expected(results, path, found[path]) for path in sorted(found)]


def verify(expected: list[_Expected], workers: int = 1) -> Iterator[FileFinding]:
    """Compare every file with its checksum, in the order given.

    Args:
        expected: as `expected_files` returns them.
        workers: processes that read.

    Yields:
        What was found of each.
    """
    yield from ordered_map(_verdict, expected, workers, chunk_size=64)


def foreign_files(results: Path, expected: list[_Expected]) -> Iterator[FileFinding]:
    """Yield what lies in a folder of results without a checksum, sorted by path.

    Logs and benchmarks have none, and neither have symbolic links to raw data, the report, and what
    this project and Snakemake put there.
    """
    known = {file.path for file in expected}
    for folder, folders, files in os.walk(results):
        folders.sort()
        for name in [*folders]:
            path = Path(folder, name)
            if name in _UNCHECKED and len(path.relative_to(results).parts) <= 2:
                folders.remove(name)
            elif name.endswith(_LEFT_OVER):
                folders.remove(name)
                yield FileFinding(str(path.relative_to(results)), "left over")
        for name in sorted(files):
            path = Path(folder, name)
            here = str(path.relative_to(results))
            if here in known or name in _EXPECTED or path.is_symlink():
                continue
            left = name.startswith(".") and name.endswith(_LEFT_OVER)
            yield FileFinding(here, "left over" if left else "unknown")


def _was_scored(results: Path, target: Path) -> bool:
    """Return whether a target is a folder of predictions that is gone after it was scored."""
    parts = target.parts
    if len(parts) < 2 or parts[1] != PREDICTIONS or (results / target).exists():
        return False
    return (results / parts[0] / SCORES / Path(*parts[2:]) / SUMMARY).exists()


def _verdict(file: _Expected) -> FileFinding:
    path = file.results / file.path
    try:
        verdict = "right" if file_checksum(path) == file.checksum else "changed"
    except FileNotFoundError:
        verdict = "missing"
    except OSError:
        verdict = "unreadable"
    return FileFinding(file.path, verdict)
