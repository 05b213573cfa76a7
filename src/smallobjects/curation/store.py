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
from smallobjects.curation.full_disk import name_full_disk
from smallobjects.curation.store_checks import (
    check_boxes,
    check_images,
    check_same,
    check_version,
    no_other_file,
)
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
    read_only: bool = False

    @classmethod
    def open(cls, path: Path, catalog: Catalog) -> "Store":
        """Open the file, or begin one.

        Raises:
            CurationError: it is something else, of another version, or about other candidates, or
                the disk is full.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        store = cls(path, catalog)
        with no_other_file(path), name_full_disk(path), store.connect() as connection:
            check_version(connection, path, FORMAT)
            _prepare(connection)
            check_images(connection, path)
        return store

    @classmethod
    def open_to_read(cls, path: Path, catalog: Catalog) -> "Store":
        """Open a file of verdicts that is there, without writing anything.

        Raises:
            CurationError: it is something else, of another version, or about other candidates.
        """
        store = cls(path, catalog, read_only=True)
        with no_other_file(path), name_full_disk(path), store.connect() as connection:
            check_version(connection, path, FORMAT)
            check_images(connection, path)
        return store

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection; the candidates are its tables `catalog.…`."""
        with closing(
            sqlite3.connect(self._address, SECONDS_TO_WAIT, isolation_level=None, uri=True)
        ) as connection:
            connection.row_factory = sqlite3.Row
            if not self.read_only:
                # FULL: a commit returns when it is on the disk, also if the power fails then.
                connection.execute("PRAGMA synchronous = FULL")
            uri = f"{self.catalog.path.resolve().as_uri()}?mode=ro"
            connection.execute("ATTACH ? AS catalog", (uri,))
            yield connection

    @property
    def _address(self) -> str:
        address = self.path.resolve().as_uri()
        if not self.read_only:
            return address
        # What is in the log belongs to the verdicts. Where nobody has the file open, it is all, and
        # SQLite need not make the files beside it that its users share.
        beside = [self.path.with_name(f"{self.path.name}-{kind}") for kind in ("wal", "shm")]
        used = any(path.exists() for path in beside)
        return f"{address}?mode=ro" if used else f"{address}?immutable=1"

    @property
    def review(self) -> str:
        """The name by which pages know this review from others at the same address."""
        with self.connect() as connection:
            return connection.execute("SELECT id FROM review").fetchone()["id"]

    def record(self, verdict: Verdict) -> None:
        """Write a verdict; one that was written before, sent again, changes nothing.

        Raises:
            KeyError: the image is no candidate.
            RefusedVerdictError: another verdict was sent under this name, or a box lies outside the
                image.
            FullDiskError: the disk is full.
        """
        boxes = json.dumps([box.model_dump() for box in verdict.boxes])
        now = time.time()
        said = (verdict.reviewer, verdict.image, verdict.decision, verdict.note, boxes)
        with self._writing(verdict.image) as connection:
            check_boxes(connection, verdict)
            new = connection.execute(
                "INSERT INTO events (request, at, reviewer, image, decision, note, boxes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request) DO NOTHING",
                (verdict.request, now, *said),
            ).rowcount
            if new:
                connection.execute(
                    "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)", (*said, now)
                )
            else:
                check_same(connection, verdict.request, said)

    def settle(self, settlement: Settlement) -> None:
        """Write how a disagreement ends; a later settlement takes the place of an earlier one.

        Raises:
            KeyError: the image is no candidate.
            FullDiskError: the disk is full.
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
        with name_full_disk(self.path), self.connect() as connection:
            known = "SELECT 1 FROM catalog.candidates WHERE image = ?"
            if connection.execute(known, (image,)).fetchone() is None:
                raise KeyError(image)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                # A full disk has ended the transaction already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA main.journal_mode = WAL")
    connection.executescript(_TABLES)
    connection.execute("INSERT OR IGNORE INTO review VALUES (1, ?)", (secrets.token_hex(8),))
    connection.execute(f"PRAGMA main.user_version = {FORMAT}")
