"""The decisions file that `smallobjects select-images` reads, and the boxes of missing objects."""

import csv
import io
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from smallobjects.curation.errors import CurationError
from smallobjects.datasets.pascal_b.decisions import COLUMNS, for_spreadsheets

BOX_COLUMNS = ("image", "class", "x0", "y0", "x1", "y1", "reviewer")
SHOWN = 5


@dataclass(frozen=True)
class Exported:
    """The content of both files, and what is in it."""

    decisions: str
    """CSV of the columns of a decisions file, by image and reviewer."""
    boxes: str
    """CSV of `BOX_COLUMNS`; pixels with exclusive ends."""
    accepted: int
    rejected: int
    """Images."""
    left_out: int
    """Images on which reviewers disagree without a settlement."""


def export(connection: sqlite3.Connection, *, leave_out_unsettled: bool = False) -> Exported:
    """Return all verdicts in the form that the selection reads.

    Where reviewers agree, each has a row. A disagreement that was settled is one row, of whoever
    settled it, and its note says what each reviewer said. Skipped images do not occur.

    Args:
        connection: to a store.
        leave_out_unsettled: disagreements that are not settled are left out, as if nobody had
            decided; otherwise they are refused.

    Raises:
        CurationError: a disagreement is not settled.
    """
    rows: list[tuple] = []
    boxes: list[tuple] = []
    numbers: Counter = Counter()
    unsettled = []
    for image, group in groupby(_verdicts(connection), key=lambda row: row["image"]):
        verdicts = list(group)
        decided = _decided(verdicts)
        if not decided:
            unsettled.append(image)
            continue
        rows += decided
        numbers[decided[0][1]] += 1
        boxes += (box for verdict in verdicts for box in _boxes(verdict))
    if unsettled and not leave_out_unsettled:
        raise CurationError(
            f"reviewers disagree on {len(unsettled)} images that nobody settled "
            f"({', '.join(unsettled[:SHOWN])}{', …' if len(unsettled) > SHOWN else ''}); settle "
            "them on the page of disagreements, or leave them out (--leave-out-unsettled)"
        )
    return Exported(
        _csv(COLUMNS, rows),
        _csv(BOX_COLUMNS, boxes),
        numbers["accept"],
        numbers["reject"],
        len(unsettled),
    )


def _verdicts(connection: sqlite3.Connection) -> Iterable[sqlite3.Row]:
    return connection.execute(
        "SELECT v.*, s.decision AS settled, s.reviewer AS settler, s.note AS reason"
        " FROM verdicts v LEFT JOIN settlements s ON s.image = v.image"
        " WHERE v.decision <> 'skip' ORDER BY v.image, v.reviewer"
    )


def _decided(verdicts: list[sqlite3.Row]) -> list[tuple[str, str, str, str]]:
    """Return the rows of one image; none if its reviewers disagree and nobody settled it."""
    if len({verdict["decision"] for verdict in verdicts}) == 1:
        return [
            (verdict["image"], verdict["decision"], verdict["reviewer"], _note(verdict))
            for verdict in verdicts
        ]
    first = verdicts[0]
    if first["settled"] is None:
        return []
    said = "; ".join(
        ": ".join(filter(None, (f"{v['reviewer']} {v['decision']}", _note(v)))) for v in verdicts
    )
    note = f"{first['reason']} (settled; {said})" if first["reason"] else f"settled; {said}"
    return [(first["image"], first["settled"], first["settler"], note)]


def _note(verdict: sqlite3.Row) -> str:
    """Return the note of a reviewer, and which objects are missing."""
    counts = Counter(box["class_name"] for box in json.loads(verdict["boxes"]))
    missing = ", ".join(f"{name} ×{number}" for name, number in sorted(counts.items()))
    return "; ".join(filter(None, (verdict["note"], missing and f"not annotated: {missing}")))


def _boxes(verdict: sqlite3.Row) -> Iterable[tuple]:
    for box in json.loads(verdict["boxes"]):
        corners = (box["x0"], box["y0"], box["x1"], box["y1"])
        yield verdict["image"], box["class_name"], *corners, verdict["reviewer"]


def _csv(columns: tuple[str, ...], rows: Iterable[tuple]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([for_spreadsheets(value) for value in row] for row in rows)
    return text.getvalue()
