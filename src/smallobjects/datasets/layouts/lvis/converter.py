"""Converter for images of LVIS with the classes of PASCAL VOC: PASCAL-B (supplement, 1.2)."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from smallobjects.datasets.class_tables import COCO_CLASSES, VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco.converter import CocoImage, semantic_from_instances
from smallobjects.datasets.layouts.lvis.annotations import Hints, LvisEntry, read_lvis
from smallobjects.datasets.layouts.lvis.classes import VOC_TO_COCO
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.pascal_b.report import read_report
from smallobjects.datasets.raw import AnnotatedImage, RawDataset
from smallobjects.datasets.splits.raw_lists import find_source, select_ids
from smallobjects.image_lists import read_lines

_VOC_IDS = {
    COCO_CLASSES.index(VOC_TO_COCO[name]) + 1: class_id
    for class_id, name in enumerate(VOC_CLASSES, start=1)
}
"""VOC class id of a COCO class id."""


def open_raw(raw: Path, parameters: DatasetParameters) -> RawDataset:
    """Open the folder that holds the annotations and images of COCO 2017, and those of LVIS.

    The source of a split is a list of image ids, or the report of a selection. The classes are
    the 20 of VOC: annotations of LVIS, and potted plants of COCO, whose crowds are void.

    Raises:
        DatasetError: a file or folder is missing or cannot be used, or a list names an image that
            LVIS does not have.
    """
    if parameters.lvis is None:
        raise DatasetError("the LVIS layout needs `lvis`: its annotation files and categories")
    splits: dict[str, list[str]] = {}
    sources: dict[str, Path] = {}
    selection = None
    for name, split in parameters.raw_splits.items():
        source = find_source(name, split, [raw / source for source in split.sources])
        sources[name] = source
        if source.suffix == ".json":
            selection = read_report(source)
            ids = selection.pop("images")
        else:
            ids = _read_list(source, name)
        splits[name] = select_ids(ids, split, source)
    images = {image.image_id: image for image in read_images(raw, parameters.lvis)}
    for name, ids in splits.items():
        unknown = [image_id for image_id in ids if image_id not in images]
        if unknown:
            raise DatasetError(
                f"{sources[name]}: image {unknown[0]!r} is in none of "
                f"{', '.join(parameters.lvis.annotations)}; ids are file names without `.jpg`, "
                "such as 000000391895"
            )
    used = sorted({image_id for ids in splits.values() for image_id in ids})
    return RawDataset(VOC_CLASSES, splits, [images[i] for i in used], selection)


def _read_list(path: Path, split: str) -> list[str]:
    try:
        return read_lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path}: no readable list of image ids, one per line, for split {split!r} ({error}); "
            "`smallobjects select-images` writes one"
        ) from error


def read_images(raw: Path, parameters: LvisParameters) -> list["LvisImage"]:
    """Return every image of the LVIS files by ascending id, whatever it shows.

    Raises:
        DatasetError: a file is missing or cannot be used.
    """
    entries = read_lvis(raw, parameters)
    return [LvisImage(image_id, raw, entries[image_id]) for image_id in sorted(entries)]


@dataclass(frozen=True)
class LvisImage:
    """One image of LVIS, its masks not yet decoded."""

    image_id: str
    raw: Path
    entry: LvisEntry = field(repr=False)

    @property
    def hints(self) -> Hints:
        """Marks of improper annotation."""
        return self.entry.hints

    def read(self) -> AnnotatedImage:
        """Check the image, and decode and paint its annotations.

        Raises:
            DatasetError: the image is missing or differs in size from its entry, or an annotation
                cannot be used.
        """
        return _with_voc_classes(self._as_coco().read())

    def read_labels(self) -> tuple[int, ...]:
        """Return the classes of all annotations but crowds.

        Raises:
            DatasetError: an annotation cannot be used.
        """
        return _voc_classes(self._as_coco().read_labels())

    def paint(self) -> AnnotatedImage:
        """Decode and paint the annotations; the image itself is not looked at.

        Raises:
            DatasetError: an annotation cannot be used.
        """
        return _with_voc_classes(self._as_coco().paint())

    def _as_coco(self) -> CocoImage:
        return CocoImage(self.image_id, self.raw, self.entry.source, self.entry.coco)


def _with_voc_classes(image: AnnotatedImage) -> AnnotatedImage:
    """Return an image of COCO's classes with the class ids of VOC."""
    classes = {number: _VOC_IDS[coco] for number, coco in image.instance_classes.items()}
    return replace(
        image,
        semantic=semantic_from_instances(image.instances, classes),
        instance_classes=classes,
        boxes=[replace(box, class_id=_VOC_IDS[box.class_id]) for box in image.boxes],
        class_ids=_voc_classes(image.class_ids),
    )


def _voc_classes(coco: tuple[int, ...]) -> tuple[int, ...]:
    """Return the class ids of VOC, ascending, for those of COCO."""
    return tuple(sorted(_VOC_IDS[class_id] for class_id in coco))
