"""One checksum for many files: what `sha256sum * | sha256sum` prints in their folder."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from smallobjects.publishing.checksums import file_checksum


def sum_of_hashes(hashes: Mapping[str, str]) -> str:
    """Return the checksum of files, given the SHA-256 of each by its name (sorted as LC_ALL=C)."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def sum_of_files(paths: Iterable[Path]) -> str:
    """Return the checksum of files of one folder."""
    return sum_of_hashes({path.name: file_checksum(path) for path in paths})
