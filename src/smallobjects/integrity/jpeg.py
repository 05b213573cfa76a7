"""JPEG files: they hold no checksum, but libjpeg warns of data that cannot have been written so."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from smallobjects.integrity.errors import ContentError

SIGNATURE = b"\xff\xd8"
_DAMAGE = ("Corrupt JPEG data", "Premature end of JPEG", "Inconsistent progression")
_HARMLESS = "bad ICC marker"
_STDERR = 2
_ONE_AT_A_TIME = threading.Lock()


def check_jpeg(content: bytes) -> None:
    """Refuse a JPEG file that libjpeg finds corrupt; a changed byte that fits in is not noticed.

    All of its data is read, but only an eighth of the rows and columns is worked out.

    Raises:
        ContentError: it is such a file, or none that OpenCV can decode.
    """
    import cv2
    import numpy as np

    flags = cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_IGNORE_ORIENTATION
    with no_corrupt_jpeg():
        try:
            decoded = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
        except cv2.error as error:
            raise ContentError(f"cannot be decoded ({error.err})") from error
    if decoded is None:
        raise ContentError("truncated or damaged: it cannot be decoded as JPEG")


@contextmanager
def no_corrupt_jpeg() -> Iterator[None]:
    """Raise what libjpeg, inside OpenCV, only prints to stderr while it decodes a damaged image.

    There is no other way to learn of it: Pillow drops these warnings. What else is printed
    meanwhile is passed on.

    Raises:
        ContentError: a warning says that the data is damaged.
    """
    printed: list[str] = []
    with _ONE_AT_A_TIME, _stderr_kept(printed):
        yield
    damage = [line for line in printed if any(sign in line for sign in _DAMAGE)]
    others = [line for line in printed if line not in damage]
    if others:
        os.write(_STDERR, ("\n".join(others) + "\n").encode())
    damage = [line for line in damage if _HARMLESS not in line]
    if damage:
        # A file that was cut off is told from one whose bytes were changed.
        cut = "truncated" if "Premature end of JPEG" in damage[0] else "damaged"
        raise ContentError(f"{cut}: {damage[0]}")


@contextmanager
def _stderr_kept(lines: list[str]) -> Iterator[None]:
    """Add the lines that are written to the file descriptor of stderr to a list."""
    reading, writing = os.pipe()
    # A pipe that is full loses text rather than stopping who writes.
    os.set_blocking(writing, False)
    try:
        original = os.dup(_STDERR)
    except OSError:  # it is closed
        original = None
    try:
        os.dup2(writing, _STDERR)
        os.close(writing)
        try:
            yield
        finally:
            if original is None:
                os.close(_STDERR)
            else:
                os.dup2(original, _STDERR)
                os.close(original)
            with os.fdopen(os.dup(reading), "rb") as printed:
                lines += printed.read().decode(errors="replace").splitlines()
    finally:
        os.close(reading)
