"""Label maps of one shard in one file: a zip with a PNG `<id>.png` per image."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image

from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.pictures import read_values
from smallobjects.integrity.zips import open_zip, read_member
from smallobjects.pseudo_labels.archives.members import fixed_member
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.publishing import publish_file

VOID_COLOUR = (224, 224, 192)
REMEDY = "make it again with the stage that writes it"


def encode_label(label: np.ndarray, palette: list[list[int]] | None = None) -> bytes:
    """Return an H×W uint8 label map as PNG: grey, or with the colours of a dataset."""
    image = Image.fromarray(np.ascontiguousarray(label, dtype=np.uint8))
    if palette is not None:
        colours = np.zeros((256, 3), dtype=np.uint8)
        colours[: len(palette)] = palette
        colours[255] = VOID_COLOUR
        image.putpalette(colours.tobytes())
    content = io.BytesIO()
    image.save(content, format="PNG")
    return content.getvalue()


def decode_label(content: bytes) -> np.ndarray:
    """Return the H×W uint8 label map in a grey or palette PNG.

    Raises:
        OSError, SyntaxError, ValueError: it is no whole PNG file.
    """
    return read_values(content)


class LabelWriter:
    """Adds one label map after the other to an open archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, image_id: str, label: np.ndarray) -> None:
        """Add the H×W uint8 label map of one image."""
        member = fixed_member(f"{image_id}.png", zipfile.ZIP_STORED)
        self._archive.writestr(member, encode_label(label))


@contextmanager
def write_labels(path: str | Path) -> Iterator[LabelWriter]:
    """Yield a writer of the archive `path`, which appears when the block succeeds."""
    with publish_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        yield LabelWriter(archive)


class LabelArchives:
    """The label maps of several archives, each image in exactly one of them.

    Archives are opened on first use and again in every process that reads them, so that loader
    processes do not share a file position.
    """

    def __init__(self, paths: list[Path]) -> None:
        """Index the archives.

        Raises:
            BadInputError: a file is no archive of labels, or an image occurs twice.
        """
        self._paths = [Path(path) for path in paths]
        self._places: dict[str, int] = {}
        for place, path in enumerate(self._paths):
            for name in self._names(path):
                image_id = name.removesuffix(".png")
                if image_id in self._places:
                    other = self._paths[self._places[image_id]]
                    raise BadInputError(
                        f"{path}: image {image_id} is also in {other}; give each shard once"
                    )
                self._places[image_id] = place
        self._open: dict[int, zipfile.ZipFile] = {}

    @staticmethod
    def _names(path: Path) -> list[str]:
        try:
            with open_zip(path) as archive:
                return archive.namelist()
        except ContentError as error:
            raise BadInputError(f"{path}: not a zip of label maps ({error}); {REMEDY}") from error

    def __enter__(self) -> "LabelArchives":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for archive in self._open.values():
            archive.close()
        self._open.clear()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_open": {}}

    @property
    def image_ids(self) -> list[str]:
        """The images of all archives."""
        return list(self._places)

    def require(self, image_ids: list[str]) -> None:
        """Check that the archives hold exactly these images.

        Raises:
            BadInputError: an image is missing, or one does not belong here.
        """
        names = ", ".join(str(path) for path in self._paths)
        missing = [image_id for image_id in image_ids if image_id not in self._places]
        if missing:
            raise BadInputError(
                f"{names}: no label of image {missing[0]} ({len(missing)} missing); give the "
                "archives of all shards of the split"
            )
        strangers = sorted(set(self._places) - set(image_ids))
        if strangers:
            raise BadInputError(
                f"{self._paths[self._places[strangers[0]]]}: image {strangers[0]} is not in the "
                f"split ({len(strangers)} such images); give the archives of this split only"
            )

    def read(self, image_id: str) -> np.ndarray:
        """Return the H×W uint8 label map of an image.

        Raises:
            BadInputError: it is damaged.
        """
        place = self._places[image_id]
        path = self._paths[place]
        try:
            if place not in self._open:
                self._open[place] = open_zip(path)
            return decode_label(read_member(self._open[place], f"{image_id}.png"))
        except (OSError, SyntaxError, ValueError) as error:
            raise BadInputError(
                f"{path}: the label of image {image_id} cannot be read ({error}); {REMEDY}"
            ) from error
