"""The instance annotation files of MS COCO."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from smallobjects.datasets.class_tables import COCO_CATEGORIES
from smallobjects.datasets.errors import DatasetError


@dataclass(frozen=True)
class CocoEntry:
    """One image of an annotation file with its annotations, as they stand in the file."""

    file_name: str
    height: int
    width: int
    annotations: list[dict]


def read_annotation_file(
    path: Path,
    adapt: Callable[[Path, dict], None] | None = None,
    unassigned: list[str] | None = None,
) -> dict[str, CocoEntry]:
    """Return the images of an annotation file by id, which is the stem of the file name.

    Images without annotations are there too; annotations keep the order of the file.

    Args:
        path: of the file.
        adapt: called with the path and the content, to bring another format into that of COCO
            before anything else is read; the categories are then not checked.
        unassigned: takes a phrase for each annotation that belongs to no image (whose id occurred
            before, or whose image the file does not list), and is left out; None: it is an error.

    Raises:
        DatasetError: the file is missing, is no COCO annotation file, or contradicts itself.
    """
    try:
        # In UTF-8, 16 or 32, with a mark of byte order or without.
        content = json.loads(path.read_bytes())
        if adapt is None:
            _check_categories(path, content["categories"])
        else:
            adapt(path, content)
        images = _images_by_id(path, content["images"])
        annotations = _by_image(path, content["annotations"], images, unassigned)
        return _entries(path, images, annotations)
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path}: no such annotation file; raw must be the folder that holds the folders of "
            "annotations and images, and a split's source a path below it"
        ) from error
    except DatasetError:
        raise
    except RecursionError as error:
        raise DatasetError(
            f"{path}: malformed JSON (lists in lists, hundreds deep); fetch it again"
        ) from error
    except ValueError as error:
        # Of JSON, of text, or of a number of thousands of digits.
        raise DatasetError(f"{path}: malformed JSON ({error}); fetch it again") from error
    except KeyError as error:
        raise DatasetError(
            f"{path}: not a COCO instance annotation file: an entry has no {error}"
        ) from error
    except (TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path}: not a COCO instance annotation file: a value is of another kind ({error})"
        ) from error


def _images_by_id(path: Path, items: list[dict]) -> dict[int, dict]:
    """Return images by their id.

    Raises:
        DatasetError: two have one id.
    """
    by_id: dict[int, dict] = {}
    for item in items:
        if by_id.setdefault(item["id"], item) is not item:
            raise DatasetError(f"{path}: two images have the id {item['id']}; fetch it again")
    return by_id


def _by_image(
    path: Path, items: list[dict], images: dict[int, dict], unassigned: list[str] | None
) -> dict[int, list[dict]]:
    """Return the annotations of each image.

    Raises:
        DatasetError: some belong to none, and `unassigned` is None.
    """
    by_image: dict[int, list[dict]] = {number: [] for number in images}
    seen: set = set()
    problems = []
    for item in items:
        number, image = item["id"], item["image_id"]
        if not isinstance(number, int | str) or number in seen:
            problems.append(f"two annotations have the id {number!r}")
        elif not isinstance(image, int | str) or image not in images:
            problems.append(
                f"annotation {number} belongs to image {image!r}, which the file does not list"
            )
        else:
            by_image[image].append(item)
        if isinstance(number, int | str):
            seen.add(number)
    if problems and unassigned is None:
        more = f" ({len(problems)} annotations are like that)" if len(problems) > 1 else ""
        raise DatasetError(f"{path}: {problems[0]}{more}; fetch it again")
    if unassigned is not None:
        unassigned += problems
    return by_image


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
