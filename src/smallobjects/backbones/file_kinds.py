"""What a file that was given as weights is instead, by how it begins."""

from collections.abc import Callable
from pathlib import Path

MXNET = (0x112).to_bytes(8, "little")
_START = 512
_KINDS: list[tuple[Callable[[bytes], bool], str]] = [
    (lambda start: not start, "an empty file"),
    (lambda start: start.lstrip()[:1] == b"<", "a web page"),
    (lambda start: start.startswith(b"version https://git-lfs"), "a pointer of Git LFS"),
    (lambda start: start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")), "a packed archive"),
    (lambda start: start[257:262] == b"ustar", "a tar archive"),
    (lambda start: start.startswith((b"\x89PNG", b"\xff\xd8\xff")), "an image"),
    (lambda start: start.startswith(b"\x89HDF"), "an HDF5 file"),
    (lambda start: start.startswith(MXNET), "a .params file of MXNet"),
]


def is_zip(start: bytes) -> bool:
    """Tell whether a file that begins so is a zip archive, as checkpoints of torch are."""
    return start.startswith(b"PK\x03\x04")


def is_safetensors(start: bytes) -> bool:
    """Tell whether a file that begins so is of safetensors: the length of a header, and JSON."""
    return start[8:9] == b"{"


def first_bytes(path: Path) -> bytes:
    """Return how a file begins.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(_START)


def other_kind(start: bytes) -> str | None:
    """Return what a file that begins so is, if it is of a known kind that is no file of torch."""
    return next((kind for test, kind in _KINDS if test(start)), None)
