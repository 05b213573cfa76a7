"""The candidates with their annotations, in one SQLite file that opens at once.

The annotation files of LVIS and COCO take minutes and gigabytes to read. They are read once, and
what belongs to the candidates is kept, compressed, in a file that is made anew whenever the
candidates, the parameters or the annotation files are others.
"""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallobjects.curation.errors import CurationError
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters
from smallobjects.publishing import publish_file
from smallobjects.publishing.checksums import file_checksum

FORMAT = 1
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE candidates (
    position INTEGER PRIMARY KEY,
    image TEXT NOT NULL UNIQUE,
    file TEXT NOT NULL,
    source TEXT NOT NULL,
    height INTEGER NOT NULL,
    width INTEGER NOT NULL,
    counts TEXT NOT NULL,
    hints TEXT NOT NULL,
    annotations BLOB NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Candidate:
    """One candidate and all that is annotated in it."""

    position: int
    """Place in the order of the review, from 0 on."""
    image: str
    file: str
    """Path of the image below the raw folder."""
    source: str
    """The annotation file."""
    height: int
    width: int
    counts: dict[str, list[int]]
    """For every class that is shown, its small, medium and large instances."""
    hints: dict[str, list[str]]
    """Marks of improper annotation (see `lvis_annotations.Hints`)."""
    annotations: list[dict]
    """As in COCO, with its categories."""


@dataclass(frozen=True)
class Catalog:
    """A file of candidates; any thread may read it."""

    path: Path
    raw: Path
    """The folder of images."""

    def __len__(self) -> int:
        with closing(self._connect()) as connection:
            return connection.execute("SELECT count(*) FROM candidates").fetchone()[0]

    @property
    def version(self) -> str:
        """A short name of what the catalog was made of."""
        return hashlib.sha256((_read_origin(self.path) or "").encode()).hexdigest()[:16]

    def read(self, image: str) -> Candidate | None:
        """Return a candidate by the id of its image; None if it is none."""
        columns = "position, image, file, source, height, width, counts, hints, annotations"
        with closing(self._connect()) as connection:
            row = connection.execute(
                f"SELECT {columns} FROM candidates WHERE image = ?", (image,)
            ).fetchone()
        if row is None:
            return None
        *plain, counts, hints, annotations = row
        return Candidate(
            *plain, json.loads(counts), json.loads(hints), json.loads(zlib.decompress(annotations))
        )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)


def open_catalog(
    path: Path, candidates: Path, raw: Path, parameters: LvisParameters
) -> tuple[Catalog, bool]:
    """Return the catalog of a table of candidates, and whether it had to be made.

    Args:
        path: of the catalog; made, or made anew, where it does not belong to the rest.
        candidates: the table that `find-candidates` wrote.
        raw: the folder of annotations and images.
        parameters: those with which the candidates were found.

    Raises:
        DatasetError: candidates or annotations are missing or cannot be used.
        CurationError: the candidates do not belong to the annotations and parameters.
    """
    origin = _origin(candidates, raw, parameters)
    fresh = _read_origin(path) == origin
    if not fresh:
        _make(path, candidates, raw, parameters, origin)
    return Catalog(path, raw), not fresh


def _origin(candidates: Path, raw: Path, parameters: LvisParameters) -> str:
    """Return what a catalog is made of, as text; large files count by size and time."""
    names = (*parameters.annotations, *parameters.coco_annotations)
    files = []
    for name in names:
        if (raw / name).is_file():
            state = (raw / name).stat()
            files.append([name, state.st_size, state.st_mtime_ns])
    digest = file_checksum(candidates)
    return json.dumps([FORMAT, digest, parameters.model_dump(mode="json"), files])


def _read_origin(path: Path) -> str | None:
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'origin'").fetchone()
    except sqlite3.DatabaseError:
        return None
    return row[0] if row else None


def _make(path: Path, candidates: Path, raw: Path, parameters: LvisParameters, origin: str) -> None:
    rows = list(_rows(candidates, raw, parameters))
    # A chance order: whenever a review stops, what was seen is a fair sample of all.
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    with publish_file(path) as partial, closing(sqlite3.connect(partial)) as connection:
        connection.executescript(_TABLES)
        connection.execute("INSERT INTO meta VALUES ('origin', ?)", (origin,))
        connection.executemany(
            "INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((position, *rows[index]) for position, index in enumerate(order)),
        )
        connection.commit()


def _rows(candidates: Path, raw: Path, parameters: LvisParameters) -> Iterator[tuple]:
    """Yield the row of every candidate but its position, by ascending id."""
    from smallobjects.datasets.class_tables import VOC_CLASSES
    from smallobjects.datasets.layouts.lvis.annotations import read_lvis
    from smallobjects.datasets.pascal_b.candidates import HINTS, read_candidates

    found = read_candidates(candidates)
    entries = read_lvis(raw, parameters)
    for record, counts in zip(found.table.to_dict("records"), found.counts, strict=True):
        image = record["image"]
        entry = entries.get(image)
        hints = {name: record[name].split() for name in HINTS}
        if entry is None or hints != _hints(entry.hints):
            what = "is in none of the annotation files" if entry is None else "has other marks"
            raise CurationError(
                f"{candidates}: image {image!r} {what} in {raw}; give the --raw and --parameters "
                "with which the candidates were found, or find them again"
            )
        shown = {
            name: sizes.tolist()
            for name, sizes in zip(VOC_CLASSES, counts, strict=True)
            if sizes.any()
        }
        content = zlib.compress(json.dumps(entry.coco.annotations).encode())
        yield (
            image, record["file"], str(entry.source), entry.coco.height, entry.coco.width,
            json.dumps(shown), json.dumps(hints), content,
        )  # fmt: skip


def _hints(hints: object) -> dict[str, list[str]]:
    """Return the marks as the table of candidates has them."""
    return {name: [text.replace(" ", "_") for text in texts] for name, texts in vars(hints).items()}
