"""What one annotation of MS COCO says beside its mask: class, crowd and box."""

from math import ceil, floor

from smallobjects.datasets.class_tables import COCO_CLASS_IDS
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.raw import Box, reaches_far


def class_of(annotation: dict, where: str) -> int:
    """Return the contiguous class id 1..80.

    Raises:
        DatasetError: the category is not one of COCO's; `where` names file and annotation.
    """
    category = annotation.get("category_id")
    if not isinstance(category, int) or category not in COCO_CLASS_IDS:
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
        DatasetError: the box lies outside the image or reaches far beyond it, or there is none.
    """
    try:
        if not set(map(type, annotation["bbox"])) <= {int, float}:
            raise TypeError
        x, y, box_width, box_height = map(float, annotation["bbox"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
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
    if reaches_far((x, y, x + box_width, y + box_height), height, width):
        raise DatasetError(
            f"{where}: the box {annotation['bbox']} reaches far beyond the {width}×{height} image; "
            "correct it"
        )
    x0, x1 = _touched_pixels(x, x + box_width, width)
    y0, y1 = _touched_pixels(y, y + box_height, height)
    return Box(class_of(annotation, where), x0, y0, x1, y1)


def _touched_pixels(start: float, end: float, length: int) -> tuple[int, int]:
    """Return the first pixel of 0..length-1 between two coordinates, and the one after the last."""
    first = min(max(floor(start), 0), length - 1)
    return first, min(max(ceil(end), first + 1), length)
