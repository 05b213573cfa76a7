"""The instance annotation files of MS COCO."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

from smallobjects.datasets.class_tables import COCO_CATEGORIES, COCO_CLASS_IDS
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.raw import Box


@dataclass(frozen=True)
class CocoEntry:
    """One image of an annotation file with its annotations, as they stand in the file."""

    file_name: str
    height: int
    width: int
    annotations: list[dict]


def read_annotation_file(
    path: Path, adapt: Callable[[Path, dict], None] | None = None
) -> dict[str, CocoEntry]:
    """Return the images of an annotation file by id, which is the stem of the file name.

    Images without annotations are there too; annotations keep the order of the file.

    Args:
        path: of the file.
        adapt: called with the path and the content, to bring another format into that of COCO
            before anything else is read; the categories are then not checked.

    Raises:
        DatasetError: the file is missing, is no COCO annotation file, or contradicts itself.
    """
    try:
        content = json.loads(path.read_text())
        if adapt is None:
            _check_categories(path, content["categories"])
        else:
            adapt(path, content)
        images = _by_id(path, content["images"], "images")
        annotations: dict[int, list[dict]] = {number: [] for number in images}
        for number, annotation in _by_id(path, content["annotations"], "annotations").items():
            if annotation["image_id"] not in images:
                raise DatasetError(
                    f"{path}: annotation {number} belongs to image {annotation['image_id']}, "
                    "which the file does not list; fetch it again"
                )
            annotations[annotation["image_id"]].append(annotation)
        return _entries(path, images, annotations)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path}: no such annotation file; raw must be the folder that holds the folders of "
            "annotations and images, and a split's source a path below it"
        ) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: malformed JSON ({error}); fetch it again") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path}: not a COCO instance annotation file ({type(error).__name__}: {error})"
        ) from error


def _by_id(path: Path, items: list[dict], what: str) -> dict[int, dict]:
    """Return images or annotations by their id.

    Raises:
        DatasetError: two have one id.
    """
    by_id: dict[int, dict] = {}
    for item in items:
        if by_id.setdefault(item["id"], item) is not item:
            raise DatasetError(f"{path}: two {what} have the id {item['id']}; fetch it again")
    return by_id


def _entries(
    path: Path, images: dict[int, dict], annotations: dict[int, list[dict]]
) -> dict[str, CocoEntry]:
    entries: dict[str, CocoEntry] = {}
    for number, image in images.items():
        image_id = Path(image["file_name"]).stem
        if image_id in entries:
            raise DatasetError(f"{path}: two images are named {image_id!r}; fetch it again")
        size = (image["height"], image["width"])
        if not all(isinstance(length, int) and length > 0 for length in size):
            raise DatasetError(
                f"{path}: image {number} has the height and width {list(size)}; two positive whole "
                "numbers are needed"
            )
        entries[image_id] = CocoEntry(image["file_name"], *size, annotations[number])
    return entries


def _check_categories(path: Path, categories: list[dict]) -> None:
    for category in categories:
        expected = COCO_CATEGORIES.get(category["id"])
        if category["name"] != expected:
            raise DatasetError(
                f"{path}: category {category['id']} is {category['name']!r}, but {expected!r} "
                "in COCO; a file with other categories needs a converter of its own"
            )


def class_of(annotation: dict, where: str) -> int:
    """Return the contiguous class id 1..80.

    Raises:
        DatasetError: the category is not one of COCO's; `where` names file and annotation.
    """
    category = annotation.get("category_id")
    if category not in COCO_CLASS_IDS:
        raise DatasetError(f"{where}: category {category!r} is none of the 80 of COCO")
    return COCO_CLASS_IDS[category]


def is_crowd(annotation: dict, where: str) -> bool:
    """Tell whether an annotation marks a region of uncounted objects instead of one object.

    Raises:
        DatasetError: `iscrowd` is neither 0 nor 1.
    """
    value = annotation.get("iscrowd", 0)
    if value not in (0, 1):
        raise DatasetError(f"{where}: iscrowd is {value!r}; it must be 0 or 1")
    return bool(value)


def box_of(annotation: dict, height: int, width: int, where: str) -> Box:
    """Return the box of all pixels that the annotated box (x, y, width, height) touches.

    It is clipped to the image, and a box without width or height still gets one pixel: the
    official files have a few of these.

    Raises:
        DatasetError: the box lies outside the image, or there is none.
    """
    try:
        x, y, box_width, box_height = (float(value) for value in annotation["bbox"])
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{where}: bbox must be four numbers (x, y, width, height)") from error
    if not (box_width >= 0 and box_height >= 0):
        raise DatasetError(
            f"{where}: the box {annotation['bbox']} (x, y, width, height) has a side that is "
            "negative or no number; correct it"
        )
    if not (x + box_width >= 0 and x <= width and y + box_height >= 0 and y <= height):
        raise DatasetError(
            f"{where}: the box {annotation['bbox']} lies outside the {width}×{height} image; "
            "correct it"
        )
    x0, x1 = _touched_pixels(x, x + box_width, width)
    y0, y1 = _touched_pixels(y, y + box_height, height)
    return Box(class_of(annotation, where), x0, y0, x1, y1)


def _touched_pixels(start: float, end: float, length: int) -> tuple[int, int]:
    """Return the first pixel of 0..length-1 between two coordinates, and the one after the last."""
    first = min(max(floor(start), 0), length - 1)
    return first, min(max(ceil(end), first + 1), length)
