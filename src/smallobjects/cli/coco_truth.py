"""The ground truth of `score --coco`: the annotations of COCO, painted when they are needed."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from smallobjects.cli.coco_classes import choose_classes, read_names
from smallobjects.datasets.class_tables import COCO_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco.annotations import CocoEntry, read_annotation_file
from smallobjects.datasets.layouts.coco.converter import paint_instances, semantic_from_instances
from smallobjects.datasets.layouts.coco.masks import decode_annotation
from smallobjects.datasets.layouts.coco.objects import is_crowd
from smallobjects.metrics.ground_truth import TruthMasks


def read_coco_truths(path: Path, choice: str | None) -> "CocoTruths":
    """Read an annotation file.

    Args:
        path: of the file.
        choice: which of its categories are which classes; see `choose_classes`.

    Raises:
        DatasetError: it is no such file, or has no such categories.
    """
    names: dict[int, str] = {}
    entries = read_annotation_file(
        path, lambda path, content: names.update(read_names(path, content))
    )
    return CocoTruths(path, entries, *choose_classes(path, names, choice))


@dataclass(frozen=True)
class CocoTruths:
    """The images of one annotation file; see `smallobjects.metrics.ground_truth.Truths`."""

    path: Path
    entries: dict[str, CocoEntry] = field(repr=False)
    class_names: list[str]
    """Of the classes 1..C."""
    classes: dict[int, int | None]
    """By category; None if it is no class, so that its annotations are background."""

    @property
    def of_coco(self) -> bool:
        """Whether the classes are COCO's 80."""
        return self.class_names == list(COCO_CLASSES)

    def images(self) -> set[str]:
        """Return all images of the file, with or without annotations."""
        return set(self.entries)

    def lacks(self, image: str) -> str | None:
        """Return that an image is not in the file, as a message, or None."""
        return None if image in self.entries else f"{self.path}: there is no image {image!r} in it"

    def of(self, image: str) -> "CocoTruth":
        """Return the annotations of an image."""
        return CocoTruth(self.path, image, self.entries[image], self.classes)


@dataclass(frozen=True)
class CocoTruth:
    """The annotations of one image."""

    path: Path
    image: str
    entry: CocoEntry = field(repr=False)
    class_of: dict[int, int | None]

    def read(self) -> TruthMasks:
        """Paint the masks: crowds (void) first, then larger instances before smaller ones.

        Raises:
            DatasetError: an annotation cannot be used.
        """
        size = (self.entry.height, self.entry.width)
        crowd = np.zeros(size, bool)
        masks, classes = [], []
        for annotation in self.entry.annotations:
            where = f"{self.path}: annotation {annotation.get('id')} of image {self.image!r}"
            class_id = self._class(annotation, where)
            if class_id is None:
                continue
            mask = decode_annotation(annotation, *size, where)
            if is_crowd(annotation, where):
                crowd |= mask
            else:
                masks.append(mask)
                classes.append(class_id)
        instances, order = paint_instances(masks, crowd)
        semantic = semantic_from_instances(instances, {k: classes[j] for k, j in order.items()})
        name = f"{self.path} (image {self.image!r})"
        return TruthMasks(semantic, instances, name, name)

    def _class(self, annotation: dict, where: str) -> int | None:
        category = annotation.get("category_id")
        if not isinstance(category, int) or category not in self.class_of:
            raise DatasetError(f"{where}: category {category!r} is none that the file lists")
        return self.class_of[category]
