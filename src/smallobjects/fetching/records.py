"""The record beside what was fetched or unpacked: `<name>.record.json`.

It tells ours from a file or folder that somebody put there, which no rule makes, replaces or
deletes. Of a file it keeps the SHA-256, so that a change is noticed even where the publisher
states no checksum.
"""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from smallobjects.fetching.errors import FetchError
from smallobjects.parameters import Parameters
from smallobjects.publishing import publish_file


class FetchRecord(Parameters):
    """What is known of a fetched file."""

    name: str
    url: str | None
    """Where it came from; None for one that was there already, or of a package."""
    size: int
    sha256: str
    matches_published: bool
    """Whether a published checksum was compared with it; False if none is known."""


class MadeRecord(Parameters):
    """What is known of an unpacked or converted folder or file."""

    made_from: tuple[str, ...]
    """An archive and its member, or the folders that were joined."""
    files: int | None
    """Files that were written; None for a folder that was there already."""


Record = TypeVar("Record", FetchRecord, MadeRecord)


def record_path(path: str | Path) -> Path:
    """Return where the record of a file or folder is."""
    return Path(f"{path}.record.json")


def read_record(path: str | Path, kind: type[Record]) -> Record | None:
    """Return the record of a file or folder; None if it has none.

    Raises:
        FetchError: the record cannot be read.
    """
    place = record_path(path)
    try:
        return kind.model_validate_json(place.read_text())
    except FileNotFoundError:
        return None
    except (ValidationError, UnicodeDecodeError) as error:
        raise FetchError(f"{place}: not a record that can be read; delete it") from error


def write_record(path: str | Path, record: FetchRecord | MadeRecord) -> None:
    """Write the record of a file or folder."""
    with publish_file(record_path(path)) as partial:
        partial.write_text(record.model_dump_json(indent=2) + "\n")


def is_present(path: str | Path) -> bool:
    """Tell whether there is a file, or a folder that holds something."""
    path = Path(path)
    return any(path.iterdir()) if path.is_dir() else path.exists()


def is_provided(path: str | Path) -> bool:
    """Tell whether somebody else put the file or folder there: it is present, without a record."""
    return is_present(path) and not record_path(path).exists()
