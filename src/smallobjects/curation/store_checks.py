"""What a store refuses: files that are none, verdicts that contradict what is known."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smallobjects.curation.errors import CurationError, RefusedVerdictError
from smallobjects.curation.submission import Verdict


@contextmanager
def no_other_file(path: Path) -> Iterator[None]:
    """Say of an error of SQLite's that the file is none of verdicts.

    Raises:
        CurationError: there was one.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise CurationError(
            f"{path}: no file of verdicts ({error}); name another --folder, or restore it"
        ) from error


def check_boxes(connection: sqlite3.Connection, verdict: Verdict) -> None:
    """Refuse boxes that reach beyond the image.

    Raises:
        RefusedVerdictError: one does.
    """
    size = "SELECT height, width FROM catalog.candidates WHERE image = ?"
    height, width = connection.execute(size, (verdict.image,)).fetchone()
    for box in verdict.boxes:
        if box.x1 > width or box.y1 > height:
            raise RefusedVerdictError(
                f"The box {[box.x0, box.y0, box.x1, box.y1]} (x0, y0, x1, y1) lies outside the "
                f"{width}×{height} image {verdict.image!r}; draw it within."
            )


def check_same(connection: sqlite3.Connection, request: str, said: tuple) -> None:
    """Refuse a verdict under a name that another has.

    Args:
        connection: to the store.
        request: the name.
        said: reviewer, image, decision, note and boxes of the verdict.

    Raises:
        RefusedVerdictError: another has it.
    """
    columns = "SELECT reviewer, image, decision, note, boxes FROM events WHERE request = ?"
    if tuple(connection.execute(columns, (request,)).fetchone()) != said:
        raise RefusedVerdictError(
            f"Another verdict was sent as request {request!r}; send this one under a name of its "
            "own."
        )


def check_version(connection: sqlite3.Connection, path: Path, known: int) -> None:
    """Refuse a file of another version of the format.

    Raises:
        CurationError: it is one.
    """
    (version,) = connection.execute("PRAGMA main.user_version").fetchone()
    if version not in (0, known):
        raise CurationError(
            f"{path}: format {version}, but this version reads format {known}; update the program"
        )


def check_images(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse verdicts on images that are no candidates: the candidates are those of another review.

    Raises:
        CurationError: there are some.
    """
    rows = connection.execute(
        "SELECT DISTINCT image FROM verdicts"
        " WHERE image NOT IN (SELECT image FROM catalog.candidates) ORDER BY image"
    ).fetchall()
    if rows:
        raise CurationError(
            f"{path}: has verdicts on {len(rows)} images that are no candidates, such as "
            f"{rows[0]['image']!r}; give the candidates they were made with, or another --folder"
        )
