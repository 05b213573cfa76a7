"""How far reviewers are, and how fast."""

import sqlite3
from collections.abc import Sequence
from itertools import pairwise

BREAK = 120.0
"""Seconds between two verdicts from which on the reviewer did something else."""
RECENT = 50
"""Verdicts that the speed is taken from."""


def images_per_hour(times: Sequence[float]) -> float | None:
    """Return the speed of a reviewer; None before three verdicts without a break between them.

    Args:
        times: of verdicts, in seconds, ascending.
    """
    gaps = [later - earlier for earlier, later in pairwise(times)]
    working = [gap for gap in gaps if gap <= BREAK]
    if len(working) < 2 or sum(working) <= 0:
        return None
    return 3600 * len(working) / sum(working)


def progress(connection: sqlite3.Connection, reviewer: str) -> dict:
    """Return `total`, and for every reviewer `accept`, `reject`, `skip`; `per_hour` of this one."""
    (total,) = connection.execute("SELECT count(*) FROM catalog.candidates").fetchone()
    reviewers: dict[str, dict[str, int]] = {}
    for name, decision, number in connection.execute(
        "SELECT reviewer, decision, count(*) FROM verdicts GROUP BY reviewer, decision"
    ):
        counts = reviewers.setdefault(name, {"accept": 0, "reject": 0, "skip": 0})
        counts[decision] = number
    recent = connection.execute(
        "SELECT at FROM events WHERE reviewer = ? ORDER BY number DESC LIMIT ?", (reviewer, RECENT)
    ).fetchall()
    return {
        "total": total,
        "reviewers": reviewers,
        "per_hour": images_per_hour([row["at"] for row in reversed(recent)]),
    }
