"""How well two reviewers agree, and where they do not."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class ReviewerAgreement:
    """The images that two reviewers both decided, by what they said; skipped ones do not count."""

    first: str
    second: str
    both_accept: int
    only_first_accepts: int
    only_second_accepts: int
    both_reject: int

    @property
    def images(self) -> int:
        """The images that both decided."""
        return (
            self.both_accept + self.only_first_accepts + self.only_second_accepts + self.both_reject
        )

    @property
    def observed(self) -> float | None:
        """The share of images on which they agree, 0..1."""
        return _share(self.both_accept + self.both_reject, self.images)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa (1960), at most 1: agreement beyond that of chance.

        κ = (p_o - p_e) / (1 - p_e), with p_e the agreement of two reviewers who accept as often as
        these do, but by chance. None where it is not defined: without images, or where both said
        the same one thing of all.
        """
        n = self.images
        first = self.both_accept + self.only_first_accepts
        second = self.both_accept + self.only_second_accepts
        by_chance = first * second + (n - first) * (n - second)
        agreed = self.both_accept + self.both_reject
        # In whole numbers, times n², so that 1 - p_e is exactly 0 where it is 0.
        return _share(n * agreed - by_chance, n * n - by_chance)

    @property
    def on_accept(self) -> float | None:
        """Agreement on accepting: of what either accepts, the share that both do (Dice), 0..1."""
        differing = self.only_first_accepts + self.only_second_accepts
        return _share(2 * self.both_accept, 2 * self.both_accept + differing)

    @property
    def on_reject(self) -> float | None:
        """Agreement on rejecting, in the same way."""
        differing = self.only_first_accepts + self.only_second_accepts
        return _share(2 * self.both_reject, 2 * self.both_reject + differing)


def agreements(connection: sqlite3.Connection) -> list[ReviewerAgreement]:
    """Return the agreement of every two reviewers who decided on the same image, by name."""
    counts: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for first, second, said, answered, number in connection.execute(
        "SELECT a.reviewer, b.reviewer, a.decision, b.decision, count(*)"
        " FROM verdicts a JOIN verdicts b ON b.image = a.image AND a.reviewer < b.reviewer"
        " WHERE a.decision <> 'skip' AND b.decision <> 'skip' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2"
    ):
        counts[first, second][said, answered] = number
    cells = (("accept", "accept"), ("accept", "reject"), ("reject", "accept"), ("reject", "reject"))
    return [
        ReviewerAgreement(*pair, *(number.get(cell, 0) for cell in cells))
        for pair, number in counts.items()
    ]


def disagreements(connection: sqlite3.Connection, offset: int, count: int) -> tuple[int, int, list]:
    """Return how many images are disputed, how many of them are not settled, and some of them.

    Those that are not settled come first, by id. Each has `image`, `verdicts` (reviewer, decision,
    note) and `settlement` (decision, reviewer, note; or None).
    """
    images = (
        "SELECT v.image, s.decision, s.reviewer, s.note FROM verdicts v"
        " LEFT JOIN settlements s ON s.image = v.image WHERE v.decision <> 'skip'"
        " GROUP BY v.image HAVING min(v.decision) <> max(v.decision)"
    )
    total, settled = connection.execute(
        f"SELECT count(*), count(decision) FROM ({images})"
    ).fetchone()
    rows = connection.execute(
        f"{images} ORDER BY s.decision IS NOT NULL, v.image LIMIT ? OFFSET ?", (count, offset)
    ).fetchall()
    found = [
        {
            "image": row["image"],
            "verdicts": verdicts_on(connection, row["image"]),
            "settlement": {key: row[key] for key in ("decision", "reviewer", "note")}
            if row["decision"]
            else None,
        }
        for row in rows
    ]
    return total, total - settled, found


def verdicts_on(connection: sqlite3.Connection, image: str) -> list[dict]:
    """Return what every reviewer said about an image, `boxes` as JSON text; skips aside."""
    rows = connection.execute(
        "SELECT reviewer, decision, note, boxes FROM verdicts"
        " WHERE image = ? AND decision <> 'skip' ORDER BY reviewer",
        (image,),
    )
    return [dict(row) for row in rows]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
