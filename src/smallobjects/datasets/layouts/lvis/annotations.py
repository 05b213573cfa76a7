"""The annotation files of LVIS, with the potted plants of COCO: all that PASCAL-B is made of.

On reading, every annotation of a VOC class gets the COCO category of that class, and all others
are dropped: what is left is annotated as an image of COCO is (supplement, 1.2). What LVIS shows on
top of an object, such as a plate on a table, is dropped like the rest, so that the object's mask
stays as it was annotated.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from smallobjects.datasets.class_tables import COCO_CATEGORIES, VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco.annotations import CocoEntry, read_annotation_file
from smallobjects.datasets.layouts.lvis.classes import FROM_COCO, VOC_TO_COCO
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters

_COCO_IDS = {name: number for number, name in COCO_CATEGORIES.items()}
_COCO_CATEGORY = {name: _COCO_IDS[coco] for name, coco in VOC_TO_COCO.items()}
_VOC_CLASS = {number: name for name, number in _COCO_CATEGORY.items()}


@dataclass(frozen=True)
class Hints:
    """Marks of improper annotation: what may be there without being annotated."""

    not_exhaustive: tuple[str, ...] = ()
    """VOC classes of which LVIS says that not every instance is annotated."""
    only_in_coco: tuple[str, ...] = ()
    """VOC classes that COCO annotates in this image and LVIS does not."""
    narrower: tuple[str, ...] = ()
    """Annotated LVIS categories that could be taken for a VOC class but are background."""


@dataclass(frozen=True)
class LvisEntry:
    """One image of an LVIS file."""

    source: Path
    """The LVIS file."""
    coco: CocoEntry = field(repr=False)
    """Its annotations of VOC classes with their COCO category, potted plants included."""
    hints: Hints = Hints()


def read_lvis(raw: Path, parameters: LvisParameters) -> dict[str, LvisEntry]:
    """Return every image that the LVIS files list by id, such as `000000391895`, in their order.

    Raises:
        DatasetError: a file is missing, malformed or contradicts another, or the parameters name
            a category that a file does not have.
    """
    coco = _read_coco([raw / name for name in parameters.coco_annotations])
    entries: dict[str, LvisEntry] = {}
    for name in parameters.annotations:
        reader = _Reader(parameters)
        for image_id, entry in read_annotation_file(raw / name, reader.adapt).items():
            if image_id in entries:
                raise DatasetError(
                    f"{raw / name}: image {image_id!r} is also in {entries[image_id].source}; each "
                    "image must occur once"
                )
            in_coco = coco.get(_number(image_id, raw / name))
            if in_coco is None:
                raise DatasetError(
                    f"{raw / name}: image {image_id!r} is in none of the COCO files "
                    f"{', '.join(parameters.coco_annotations)}, so its potted plants are unknown; "
                    "name the missing file under coco_annotations"
                )
            entries[image_id] = reader.entry(raw / name, image_id, entry, in_coco)
    return entries


@dataclass
class _InCoco:
    """What COCO says about one image."""

    potted_plants: list[dict]
    classes: set[str]
    """VOC classes that are annotated."""


def _read_coco(paths: Iterable[Path]) -> dict[int, _InCoco]:
    """Return what COCO says about every image, by its number."""
    images: dict[int, _InCoco] = {}
    for path in paths:
        for image_id, entry in read_annotation_file(path).items():
            image = images.setdefault(_number(image_id, path), _InCoco([], set()))
            for annotation in entry.annotations:
                category = annotation["category_id"]
                if not isinstance(category, int):
                    raise DatasetError(
                        f"{path}: annotation {annotation['id']} has the category {category!r}, "
                        "which is no number; fetch it again"
                    )
                name = _VOC_CLASS.get(category)
                if name == FROM_COCO:
                    named = {**annotation, "id": f"{annotation['id']} of {path.name}"}
                    image.potted_plants.append(named)
                elif name is not None:
                    image.classes.add(name)
    return images


def _number(image_id: str, path: Path) -> int:
    """Return the number in `000000391895` or `COCO_train2014_000000391895`."""
    digits = image_id.rpartition("_")[2]
    if not digits.isdecimal():
        raise DatasetError(f"{path}: image {image_id!r} is not named by its number, as in COCO")
    return int(digits)


class _Reader:
    """Brings the content of one LVIS file into the format of COCO, and keeps its hints."""

    def __init__(self, parameters: LvisParameters) -> None:
        self.parameters = parameters
        self.not_exhaustive: dict[int, set[str]] = {}
        self.narrower: dict[int, set[str]] = defaultdict(set)

    def adapt(self, path: Path, content: dict) -> None:
        """Keep the annotations of VOC classes, with their COCO category; name image files."""
        categories = content["categories"]
        classes = find_categories(path, categories, self.parameters.classes, "classes")
        narrower = find_categories(path, categories, self.parameters.narrower, "narrower")
        names = {category["id"]: category["name"] for category in categories}
        kept = []
        for annotation in content["annotations"]:
            category = annotation["category_id"]
            if not isinstance(category, int) or category not in names:
                raise DatasetError(
                    f"{path}: annotation {annotation['id']} has the category {category!r}, which "
                    "the file does not list"
                )
            if category in classes:
                kept.append({**annotation, "category_id": _COCO_CATEGORY[classes[category]]})
            elif category in narrower:
                self.narrower[annotation["image_id"]].add(names[category])
        content["annotations"] = kept
        for image in content["images"]:
            # …/train2017/000000391895.jpg: LVIS has images of several folders in one file.
            image["file_name"] = "/".join(image["coco_url"].split("/")[-2:])
            open_ended = {classes.get(c) for c in image["not_exhaustive_category_ids"]}
            self.not_exhaustive[image["id"]] = open_ended - {None}

    def entry(self, path: Path, image_id: str, entry: CocoEntry, in_coco: _InCoco) -> LvisEntry:
        """Join what LVIS and COCO say about an image."""
        number = _number(image_id, path)
        in_lvis = {_VOC_CLASS[annotation["category_id"]] for annotation in entry.annotations}
        hints = Hints(
            not_exhaustive=_in_class_order(self.not_exhaustive.get(number, ())),
            only_in_coco=_in_class_order(in_coco.classes - in_lvis),
            narrower=tuple(sorted(self.narrower.get(number, ()))),
        )
        annotations = [*entry.annotations, *in_coco.potted_plants]
        return LvisEntry(
            path, CocoEntry(entry.file_name, entry.height, entry.width, annotations), hints
        )


def find_categories(
    path: Path, categories: list[dict], table: Mapping[str, Iterable[str]], key: str
) -> dict[int, str]:
    """Return the VOC class of every LVIS category id that `table` names.

    Args:
        path: of the LVIS file, for messages.
        categories: as they stand in the file.
        table: for each VOC class, categories by name, synonym or synset; a name comes first.
        key: where the table stands in the configuration, for messages.

    Raises:
        DatasetError: no category, or several, are called that, or one is named twice.
    """
    by_name: dict[str, set[int]] = defaultdict(set)
    by_other_name: dict[str, set[int]] = defaultdict(set)
    for category in categories:
        by_name[category["name"]].add(category["id"])
        for name in (*category["synonyms"], category["synset"]):
            by_other_name[name].add(category["id"])
    found: dict[int, str] = {}
    for class_name, names in table.items():
        for name in names:
            ids = by_name.get(name) or by_other_name.get(name) or set()
            if len(ids) != 1:
                raise _not_one(path, f"{key}.{class_name}", name, ids, [*by_name, *by_other_name])
            (number,) = ids
            if number in found:
                raise DatasetError(
                    f"{key}.{class_name}: {name!r} is category {number} of {path}, which "
                    f"{key}.{found[number]} names already; name it once"
                )
            found[number] = class_name
    return found


def _not_one(path: Path, key: str, name: str, ids: set[int], known: list[str]) -> DatasetError:
    if ids:
        return DatasetError(
            f"{key}: {name!r} may be any of the categories {sorted(ids)} of {path}; give the "
            "synset of one"
        )
    close = get_close_matches(name, dict.fromkeys(known), n=3)
    hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    return DatasetError(f"{key}: {path} has no category {name!r}{hint}")


def _in_class_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=VOC_CLASSES.index))
