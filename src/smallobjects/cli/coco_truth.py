"""The ground truth of `score --coco`: the annotations of COCO, painted when they are needed."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from smallobjects.datasets.coco import paint_instances, semantic_from_instances
from smallobjects.datasets.coco_annotations import CocoEntry, read_annotation_file
from smallobjects.datasets.coco_masks import decode_mask
from smallobjects.datasets.coco_objects import class_of, is_crowd
from smallobjects.metrics.ground_truth import TruthMasks


def read_coco_truths(path: Path) -> "CocoTruths":
    """Read an annotation file.

    Raises:
        DatasetError: it is no such file.
    """
    return CocoTruths(path, read_annotation_file(path))


@dataclass(frozen=True)
class CocoTruths:
    """The images of one annotation file; see `smallobjects.metrics.ground_truth.Truths`."""

    path: Path
    entries: dict[str, CocoEntry] = field(repr=False)

    def images(self) -> set[str]:
        """Return all images of the file, with or without annotations."""
        return set(self.entries)

    def lacks(self, image: str) -> str | None:
        """Return that an image is not in the file, as a message, or None."""
        return None if image in self.entries else f"{self.path}: there is no image {image!r} in it"

    def of(self, image: str) -> "CocoTruth":
        """Return the annotations of an image."""
        return CocoTruth(self.path, image, self.entries[image])


@dataclass(frozen=True)
class CocoTruth:
    """The annotations of one image."""

    path: Path
    image: str
    entry: CocoEntry = field(repr=False)

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
            mask = decode_mask(annotation, *size, where)
            if is_crowd(annotation, where):
                crowd |= mask
            else:
                masks.append(mask)
                classes.append(class_of(annotation, where))
        instances, order = paint_instances(masks, crowd)
        semantic = semantic_from_instances(instances, {k: classes[j] for k, j in order.items()})
        name = f"{self.path} (image {self.image!r})"
        return TruthMasks(semantic, instances, name, name)
