"""The part of a file that is there already, and where it came from."""

from pathlib import Path

from pydantic import ValidationError

from smallobjects.parameters import Parameters
from smallobjects.publishing import publish_file


class Origin(Parameters):
    """The response that a partial file began with."""

    url: str
    total: int | None
    """Bytes of the whole file, as the server said."""
    etag: str | None
    last_modified: str | None

    @property
    def validator(self) -> str | None:
        """What `If-Range` may name: a strong entity tag, else the date (RFC 9110, 13.1.5)."""
        if self.etag is not None and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


class PartialFile:
    """`.<name>.part` beside the target, and its origin in `.<name>.part.json`.

    It outlives the process, so that the next run goes on where this one stopped.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f".{target.name}.part")
        self._origin = target.with_name(f".{target.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def origin(self) -> Origin | None:
        """Where the bytes came from; None if there are none or it is not known."""
        try:
            return Origin.model_validate_json(self._origin.read_text())
        except (FileNotFoundError, ValidationError, UnicodeDecodeError):
            return None

    def begin(self, origin: Origin) -> None:
        """Drop the bytes that are there, then note where the new ones come from."""
        with self.path.open("wb"):
            pass
        with publish_file(self._origin) as scratch:
            scratch.write_text(origin.model_dump_json())

    def publish(self, target: Path) -> None:
        """Give the file its name, and forget where it came from."""
        self.path.replace(target)
        self._origin.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the bytes and their origin."""
        self.path.unlink(missing_ok=True)
        self._origin.unlink(missing_ok=True)
