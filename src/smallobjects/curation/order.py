"""Which image a reviewer sees next, and which came before. Nothing else of the list leaves here."""

import json
import sqlite3

MOST = 32
"""Images that a page may ask for at once."""
_COLUMNS = "c.image, c.position, v.decision, v.note, v.boxes"
_JOINED = (
    f"SELECT {_COLUMNS} FROM catalog.candidates c"
    " LEFT JOIN verdicts v ON v.reviewer = :reviewer AND v.image = c.image"
)


def upcoming(connection: sqlite3.Connection, reviewer: str, start: int, count: int) -> list[dict]:
    """Return the next images without a verdict of this reviewer.

    They come in the order of the review, from the position `start` on and then from its beginning;
    behind them come those that were skipped, the longest ago first.

    Returns:
        At most `count` of image, position and verdict (None, or what was said when skipping).
    """
    values = {"reviewer": reviewer, "start": start, "count": count}
    rows = connection.execute(
        f"{_JOINED} WHERE v.image IS NULL AND c.position >= :start"
        " ORDER BY c.position LIMIT :count",
        values,
    ).fetchall()
    if len(rows) < count:
        rows += connection.execute(
            f"{_JOINED} WHERE v.image IS NULL AND c.position < :start"
            " ORDER BY c.position LIMIT :count",
            values,
        ).fetchall()
    if len(rows) < count:
        rows += connection.execute(
            f"SELECT {_COLUMNS} FROM verdicts v JOIN catalog.candidates c ON c.image = v.image"
            " WHERE v.reviewer = :reviewer AND v.decision = 'skip' ORDER BY v.at LIMIT :count",
            values,
        ).fetchall()
    return [_item(row) for row in rows[:count]]


def preceding(connection: sqlite3.Connection, reviewer: str, before: int) -> dict | None:
    """Return the image before a position, decided or not; None at the beginning."""
    row = connection.execute(
        f"{_JOINED} WHERE c.position < :before ORDER BY c.position DESC LIMIT 1",
        {"reviewer": reviewer, "before": before},
    ).fetchone()
    return _item(row) if row else None


def named(connection: sqlite3.Connection, reviewer: str, image: str) -> dict | None:
    """Return a candidate by the id of its image; None if it is none."""
    row = connection.execute(
        f"{_JOINED} WHERE c.image = :image", {"reviewer": reviewer, "image": image}
    ).fetchone()
    return _item(row) if row else None


def _item(row: sqlite3.Row) -> dict:
    verdict = None
    if row["decision"] is not None:
        verdict = {
            "decision": row["decision"],
            "note": row["note"],
            "boxes": json.loads(row["boxes"]),
        }
    return {"image": row["image"], "position": row["position"], "verdict": verdict}
