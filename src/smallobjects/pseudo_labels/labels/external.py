"""The label source `external:<name>`: label maps that somebody else made, checked one by one.

They come in a folder, a zip or a tar archive, anywhere inside it, as `<id>.png`. Members of an
archive are read, never extracted, so a hostile path in it leads nowhere.
"""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.integrity.zips import open_zip, read_member
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.labels.folder import check_label, image_shape
from smallobjects.pseudo_labels.labels.png_files import GREY, PALETTE, PngContent, read_png

# What a compressed tar archive raises depends on how it is compressed.
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError)
Member = tuple[str, Callable[[], bytes]]
CLASS_VALUES = PngContent(
    colour_types=(GREY, PALETTE),
    format_advice="save the class values as 8-bit grey or palette PNG",
    size_advice="labels must have the size of their image",
)


def external_labels(
    source: Path, dataset: PreparedDataset, image_ids: list[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the id and the H×W uint8 label map of each image, in the order of the source.

    Files that belong to no image of the list are passed over.

    Args:
        source: a folder, or a zip or tar archive (also compressed).
        dataset: gives sizes and classes.
        image_ids: the images that need a label.

    Raises:
        BadInputError: an image has no label or two; or a label cannot be read, is not an 8-bit
            grey or palette PNG, has another size than its image, or a value that is no class.
    """
    wanted, found = set(image_ids), dict[str, str]()
    for name, read in _members(source):
        path = PurePosixPath(name)
        if path.suffix.lower() != ".png" or path.stem not in wanted:
            continue
        title = f"{source}: {name}"
        if path.stem in found:
            raise BadInputError(
                f"{title}: image {path.stem} already has the label {found[path.stem]}; "
                "leave one file per image"
            )
        found[path.stem] = name
        content = _content(read, title)
        label = read_png(content, image_shape(dataset, path.stem), CLASS_VALUES, title)
        check_label(label, label.shape, dataset.num_classes, title)
        yield path.stem, label
    missing = [image_id for image_id in image_ids if image_id not in found]
    if missing:
        raise BadInputError(
            f"{source}: no file {missing[0]}.png ({len(missing)} of {len(image_ids)} images have "
            "no label); add them, or make labels for a split that is covered"
        )


def _members(source: Path) -> Iterator[Member]:
    """Yield the path inside the source and a reader of every regular file.

    Raises:
        BadInputError: the source is of another kind, or a damaged archive.
    """
    try:
        yield from _files(source)
    except _DAMAGED as error:
        raise BadInputError(f"{source}: cannot be read ({error}); replace the file") from error


def _files(source: Path) -> Iterator[Member]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() == ".png" and path.is_file():
                yield path.relative_to(source).as_posix(), path.read_bytes
    elif zipfile.is_zipfile(source):
        with open_zip(source) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, lambda info=info: read_member(archive, info)
    elif tarfile.is_tarfile(source):
        # In the order of the archive: going back in a compressed one would unpack it again.
        with tarfile.open(source) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, lambda member=member: archive.extractfile(member).read()
    else:
        raise BadInputError(f"{source}: neither a folder nor a zip or tar archive")


def _content(read: Callable[[], bytes], title: str) -> bytes:
    try:
        return read()
    except _DAMAGED as error:
        raise BadInputError(f"{title}: cannot be read ({error}); replace the file") from error
