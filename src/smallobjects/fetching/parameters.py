"""What config/downloads.yaml says: where files come from, and how they are told to be right."""

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, PositiveInt, field_validator, model_validator

from smallobjects.parameters import Parameters

Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+/\S*$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$")]


class RemoteFile(Parameters):
    """A file on the network, or one that an installed package ships."""

    urls: Annotated[tuple[Url, ...], Field(min_length=1)] | None = None
    """Addresses of the same bytes, tried in this order."""
    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+:[^/].*$")] | None = None
    """In place of addresses: `<package>:<file>`, a file that an installed Python package has."""
    size: PositiveInt | None = None
    """Bytes."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    sha256_prefix: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    """The first digits of the SHA-256, which some publishers put into the file's name."""
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    stated_by: str
    """Who states the addresses, the size and the checksums."""
    confirmed: bool
    """Whether they were compared with what a server sent."""

    @model_validator(mode="after")
    def _one_origin(self) -> "RemoteFile":
        if bool(self.urls) == bool(self.package):
            raise ValueError("give either `urls` or `package`; null takes the other one back")
        return self

    @property
    def has_checksum(self) -> bool:
        """Tell whether the content can be checked, beyond its size."""
        return bool(self.sha256 or self.sha256_prefix or self.md5)


class Archive(RemoteFile):
    """A zip or tar archive, and what is unpacked from it."""

    unpack: Annotated[dict[str, str], Field(min_length=1)]
    """From a folder or file in the archive to its place below the folder of downloads."""

    @field_validator("unpack")
    @classmethod
    def _places_inside(cls, value: dict[str, str]) -> dict[str, str]:
        for name in (*value, *value.values()):
            parts = PurePosixPath(name).parts
            if not parts or parts[0] == "/" or ".." in parts or name != str(PurePosixPath(name)):
                raise ValueError(f"{name!r} must be a plain relative path")
        return value


class Downloads(Parameters):
    """config/downloads.yaml."""

    archives: dict[FileName, Archive]
    """By the name of the file."""
    weights: dict[FileName, RemoteFile]
    """By the name that settings give the file in the folder `weights/`."""

    @model_validator(mode="after")
    def _one_archive_for_each_place(self) -> "Downloads":
        places = [place for archive in self.archives.values() for place in archive.unpack.values()]
        for place in places:
            if places.count(place) > 1:
                raise ValueError(f"archives: two are unpacked to {place!r}")
        return self

    @property
    def places(self) -> dict[str, tuple[str, str]]:
        """Everything that is unpacked: its place, and the archive and the member it comes from."""
        return {
            place: (name, member)
            for name, archive in self.archives.items()
            for member, place in archive.unpack.items()
        }
