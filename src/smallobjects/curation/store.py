"""Every verdict ever given, in SQLite; what is confirmed to a page is on the disk.

`events` only grows: it is the history. `verdicts` has the last word of every reviewer on every
image, and changes in the same transaction. Several servers may write to one file.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from smallobjects.curation.catalog import Catalog
from smallobjects.curation.errors import CurationError
from smallobjects.curation.submission import Settlement, Verdict

FORMAT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS review (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY,
    request TEXT NOT NULL UNIQUE,
    at REAL NOT NULL,
    reviewer TEXT NOT NULL COLLATE NOCASE,
    image TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('accept', 'reject', 'skip')),
    note TEXT NOT NULL,
    boxes TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS events_of_reviewer ON events (reviewer, number);
CREATE TABLE IF NOT EXISTS verdicts (
    reviewer TEXT NOT NULL COLLATE NOCASE,
    image TEXT NOT NULL,
    decision TEXT NOT NULL,
    note TEXT NOT NULL,
    boxes TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (reviewer, image)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS verdicts_by_image ON verdicts (image, reviewer, decision);
CREATE TABLE IF NOT EXISTS settlements (
    image TEXT PRIMARY KEY,
    decision TEXT NOT NULL CHECK (decision IN ('accept', 'reject')),
    reviewer TEXT NOT NULL COLLATE NOCASE,
    note TEXT NOT NULL,
    at REAL NOT NULL
) STRICT, WITHOUT ROWID;
"""
SECONDS_TO_WAIT = 30
"""For another writer."""


@dataclass(frozen=True)
class Store:
    """A file of verdicts, beside the catalog that it is about; any thread may use it."""

    path: Path
    catalog: Catalog

    @classmethod
    def open(cls, path: Path, catalog: Catalog) -> "Store":
        """Open the file, or begin one.

        Raises:
            CurationError: it is something else, of another version, or about other candidates.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(path, catalog)
        try:
            with store.connect() as connection:
                _prepare(connection, path)
                _check_images(connection, path)
        except sqlite3.DatabaseError as error:
            raise CurationError(
                f"{path}: no file of verdicts ({error}); name another --folder, or restore it"
            ) from error
        return store

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection; the candidates are its tables `catalog.…`."""
        with closing(
            sqlite3.connect(
                self.path.resolve().as_uri(), SECONDS_TO_WAIT, isolation_level=None, uri=True
            )
        ) as connection:
            connection.row_factory = sqlite3.Row
            # FULL: a commit returns when it is on the disk, also if the power fails then.
            connection.execute("PRAGMA synchronous = FULL")
            uri = f"{self.catalog.path.resolve().as_uri()}?mode=ro"
            connection.execute("ATTACH ? AS catalog", (uri,))
            yield connection

    @property
    def review(self) -> str:
        """The name by which pages know this review from others at the same address."""
        with self.connect() as connection:
            return connection.execute("SELECT id FROM review").fetchone()["id"]

    def record(self, verdict: Verdict) -> None:
        """Write a verdict; a request that was written before changes nothing.

        Raises:
            KeyError: the image is no candidate.
        """
        boxes = json.dumps([box.model_dump() for box in verdict.boxes])
        now = time.time()
        said = (verdict.reviewer, verdict.image, verdict.decision, verdict.note, boxes)
        with self._writing(verdict.image) as connection:
            new = connection.execute(
                "INSERT INTO events (request, at, reviewer, image, decision, note, boxes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request) DO NOTHING",
                (verdict.request, now, *said),
            ).rowcount
            if new:
                connection.execute(
                    "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)", (*said, now)
                )

    def settle(self, settlement: Settlement) -> None:
        """Write how a disagreement ends; a later settlement takes the place of an earlier one.

        Raises:
            KeyError: the image is no candidate.
        """
        with self._writing(settlement.image) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO settlements VALUES (?, ?, ?, ?, ?)",
                (
                    settlement.image,
                    settlement.decision,
                    settlement.reviewer,
                    settlement.note,
                    time.time(),
                ),
            )

    @contextmanager
    def _writing(self, image: str) -> Iterator[sqlite3.Connection]:
        with self.connect() as connection:
            known = "SELECT 1 FROM catalog.candidates WHERE image = ?"
            if connection.execute(known, (image,)).fetchone() is None:
                raise KeyError(image)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA main.journal_mode = WAL")
    (version,) = connection.execute("PRAGMA main.user_version").fetchone()
    if version not in (0, FORMAT):
        raise CurationError(
            f"{path}: format {version}, but this version reads format {FORMAT}; update the program"
        )
    connection.executescript(_TABLES)
    connection.execute("INSERT OR IGNORE INTO review VALUES (1, ?)", (secrets.token_hex(8),))
    connection.execute(f"PRAGMA main.user_version = {FORMAT}")


def _check_images(connection: sqlite3.Connection, path: Path) -> None:
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
