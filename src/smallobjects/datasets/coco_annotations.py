"""The instance annotation files of MS COCO."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask

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
        images = {image["id"]: image for image in content["images"]}
        annotations: dict[int, list[dict]] = {number: [] for number in images}
        for annotation in content["annotations"]:
            if annotation["image_id"] not in images:
                raise DatasetError(
                    f"{path}: annotation {annotation['id']} belongs to image "
                    f"{annotation['image_id']}, which the file does not list"
                )
            annotations[annotation["image_id"]].append(annotation)
        entries: dict[str, CocoEntry] = {}
        for number, image in images.items():
            image_id = Path(image["file_name"]).stem
            if image_id in entries:
                raise DatasetError(f"{path}: two images are named {image_id!r}")
            size = (int(image["height"]), int(image["width"]))
            entries[image_id] = CocoEntry(image["file_name"], *size, annotations[number])
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path}: no such annotation file; raw must be the folder that holds the folders of "
            "annotations and images, and a split's source a path below it"
        ) from error
    except json.JSONDecodeError as error:
        raise DatasetError(f"{path}: malformed JSON ({error}); fetch it again") from error
    except (KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: not a COCO instance annotation file ({type(error).__name__}: {error})"
        ) from error
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
    category = annotation["category_id"]
    if category not in COCO_CLASS_IDS:
        raise DatasetError(f"{where}: category {category!r} is none of the 80 of COCO")
    return COCO_CLASS_IDS[category]


def decode_mask(annotation: dict, height: int, width: int, where: str) -> np.ndarray:
    """Return an annotation's mask as H×W bool.

    Polygons (all parts together), run lengths and compressed run lengths are understood. A part
    of fewer than three points encloses nothing.

    Raises:
        DatasetError: anything else, or run lengths for another image size.
    """
    segmentation = annotation["segmentation"]
    if isinstance(segmentation, list):
        if any(len(polygon) % 2 for polygon in segmentation):
            raise DatasetError(f"{where}: a polygon has an odd number of coordinates")
        parts = [polygon for polygon in segmentation if len(polygon) >= 6]
        if not parts:
            return np.zeros((height, width), bool)
        code = coco_mask.merge(coco_mask.frPyObjects(parts, height, width))
    elif isinstance(segmentation, dict) and {"counts", "size"} <= segmentation.keys():
        if list(segmentation["size"]) != [height, width]:
            raise DatasetError(
                f"{where}: its run lengths are for {segmentation['size']} pixels (height, width) "
                f"but the image has {[height, width]}"
            )
        code = segmentation
        if isinstance(code["counts"], list):
            if sum(code["counts"]) != height * width:
                raise DatasetError(
                    f"{where}: its run lengths add up to {sum(code['counts'])} pixels but the "
                    f"image has {height * width}"
                )
            code = coco_mask.frPyObjects(code, height, width)
    else:
        raise DatasetError(
            f"{where}: segmentation must be a list of polygons or run lengths with size and counts"
        )
    return coco_mask.decode(code).astype(bool)


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
    if not (x + box_width >= 0 and x <= width and y + box_height >= 0 and y <= height):
        raise DatasetError(
            f"{where}: the box {annotation['bbox']} lies outside the {width}×{height} image"
        )
    x0, x1 = _touched_pixels(x, x + box_width, width)
    y0, y1 = _touched_pixels(y, y + box_height, height)
    return Box(class_of(annotation, where), x0, y0, x1, y1)


def _touched_pixels(start: float, end: float, length: int) -> tuple[int, int]:
    """Return the first pixel of 0..length-1 between two coordinates, and the one after the last."""
    first = min(max(floor(start), 0), length - 1)
    return first, min(max(ceil(end), first + 1), length)
