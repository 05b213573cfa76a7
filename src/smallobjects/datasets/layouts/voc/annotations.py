"""The XML files of PASCAL VOC."""

import re
from dataclasses import dataclass
from math import floor, isfinite
from pathlib import Path
from xml.etree import ElementTree

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.raw import Box, reaches_far

_ENCODING = re.compile(rb"""(<\?xml[^>]*?)\bencoding\s*=\s*["']([A-Za-z0-9._:-]+)["'][^>]*?\?>""")
_OF_THE_PARSER = ("utf-8", "utf8", "utf-16", "us-ascii", "ascii")
_CLASS_IDS = {name: index for index, name in enumerate(VOC_CLASSES, start=1)}


@dataclass(frozen=True)
class VocObject:
    """One annotated object: its class and the corners as they stand in the file."""

    class_id: int
    corners: tuple[float, float, float, float]
    """xmin, ymin, xmax, ymax; 1-based, both ends included, now and then with a fraction."""

    def box(self, height: int, width: int, path: Path) -> Box:
        """Return the 0-based box with exclusive ends, clipped to the image.

        A fractional corner stands for the nearest pixel.

        Raises:
            DatasetError: nothing of the box is left, or it reaches far beyond the image; `path`
                names the file.
        """
        xmin, ymin, xmax, ymax = (floor(value + 0.5) for value in self.corners)
        x0, y0 = max(xmin - 1, 0), max(ymin - 1, 0)
        x1, y1 = min(xmax, width), min(ymax, height)
        if x0 >= x1 or y0 >= y1:
            raise DatasetError(
                f"{path}: the box xmin, ymin, xmax, ymax = {self.corners} of "
                f"{VOC_CLASSES[self.class_id - 1]!r} covers no pixel of the {width}×{height} "
                "image; correct or remove it"
            )
        if reaches_far((xmin - 1, ymin - 1, xmax, ymax), height, width):
            raise DatasetError(
                f"{path}: the box xmin, ymin, xmax, ymax = {self.corners} of "
                f"{VOC_CLASSES[self.class_id - 1]!r} reaches far beyond the {width}×{height} "
                "image; correct it"
            )
        return Box(self.class_id, x0, y0, x1, y1)


@dataclass(frozen=True)
class VocAnnotation:
    """What an annotation file says."""

    objects: list[VocObject]
    """Difficult ones included, in file order. Parts of objects (`part`, each with a box) are not
    objects."""
    size: tuple[int, int] | None
    """Height and width of the image; None if the file does not say."""

    @property
    def class_ids(self) -> tuple[int, ...]:
        """The classes of the objects, ascending: the image-level labels."""
        return tuple(sorted({item.class_id for item in self.objects}))


def read_annotation(path: Path) -> VocAnnotation:
    """Read an annotation file.

    Raises:
        DatasetError: the file is missing or malformed, or names a class that VOC does not have.
    """
    try:
        root = _parse(path.read_bytes())
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path}: no such annotation; image-level labels come from the XML files, so every "
            "image needs one"
        ) from error
    except (ElementTree.ParseError, OSError, UnicodeError, RecursionError) as error:
        raise DatasetError(f"{path}: malformed XML ({error}); fetch it again") from error
    except LookupError as error:
        raise DatasetError(f"{path}: {error}; save it as UTF-8") from error
    if root.tag != "annotation":
        raise DatasetError(
            f"{path}: no annotation of VOC (it begins with <{root.tag}>); fetch it again"
        )
    objects = [_read_object(node, path) for node in root.findall("object")]
    return VocAnnotation(objects, _read_size(root, path))


def _parse(content: bytes) -> ElementTree.Element:
    """Return the root of an XML file in any encoding that Python knows.

    Raises:
        ParseError: it is malformed.
        UnicodeError: it is not in the encoding that it declares.
        LookupError: it declares an encoding that there is not.
    """
    declared = _ENCODING.match(content)
    encoding = declared.group(2).decode("ascii") if declared else "utf-8"
    if encoding.lower() in _OF_THE_PARSER:
        return ElementTree.fromstring(content)
    # Of other encodings the parser knows those of one byte a character at best.
    text = content[declared.end(1) :].decode(encoding)
    return ElementTree.fromstring(f"<?xml version='1.0'{text[text.index('?>') :]}")


def _read_size(root: ElementTree.Element, path: Path) -> tuple[int, int] | None:
    if root.find("size") is None:
        return None
    texts = [root.findtext(f"size/{key}") for key in ("height", "width")]
    try:
        height, width = (int(text or "") for text in texts)
    except ValueError as error:
        raise DatasetError(
            f"{path}: the size has the height and width {texts}; two numbers are needed"
        ) from error
    return height, width


def _read_object(node: ElementTree.Element, path: Path) -> VocObject:
    name = (node.findtext("name") or "").strip()
    if name not in _CLASS_IDS:
        raise DatasetError(
            f"{path}: unknown class {name!r}; the classes of VOC are {', '.join(VOC_CLASSES)}"
        )
    texts = [node.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")]
    try:
        xmin, ymin, xmax, ymax = (float(text or "") for text in texts)
    except ValueError as error:
        raise DatasetError(
            f"{path}: the box of {name!r} has the corners {texts}; four numbers are needed"
        ) from error
    corners = (xmin, ymin, xmax, ymax)
    if not all(isfinite(value) for value in corners):
        raise DatasetError(f"{path}: the box of {name!r} has the corners {texts}; not finite")
    return VocObject(_CLASS_IDS[name], corners)
