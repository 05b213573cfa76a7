"""Whether a file is the one that was asked for."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from smallobjects.fetching.parameters import RemoteFile

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Digests:
    """What identifies the content of a file."""

    size: int
    sha256: str
    md5: str


def digests(path: Path) -> Digests:
    """Return size and checksums of a file, read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return Digests(size, sha256.hexdigest(), md5.hexdigest())


def difference(found: Digests, remote: RemoteFile) -> str | None:
    """Return in words how a file differs from what is known of it; None if it does not."""
    if remote.size is not None and found.size != remote.size:
        return f"it has {found.size:,} bytes, not {remote.size:,}"
    if remote.sha256 is not None and found.sha256 != remote.sha256:
        return f"its SHA-256 is {found.sha256}, not {remote.sha256}"
    if remote.sha256_prefix is not None and not found.sha256.startswith(remote.sha256_prefix):
        return f"its SHA-256 is {found.sha256}, which does not begin with {remote.sha256_prefix}"
    if remote.md5 is not None and found.md5 != remote.md5:
        return f"its MD5 is {found.md5}, not {remote.md5}"
    return None
