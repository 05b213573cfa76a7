"""Converter for the layout of MS COCO (one JSON of instances per set of images)."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from smallobjects.datasets.class_tables import COCO_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco.annotations import CocoEntry, read_annotation_file
from smallobjects.datasets.layouts.coco.masks import decode_annotation
from smallobjects.datasets.layouts.coco.objects import box_of, class_of, is_crowd
from smallobjects.datasets.layouts.coco.problems import unusable, without_unusable
from smallobjects.datasets.mask_files import check_same_size, read_image_size
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.prepared import VOID
from smallobjects.datasets.raw import AnnotatedImage, RawDataset
from smallobjects.datasets.splits.raw_lists import find_source, select_ids


def open_raw(raw: Path, parameters: DatasetParameters) -> RawDataset:
    """Open the folder that holds the annotation files and the folders of images.

    The id of an image is the stem of its file name. Image-level labels and boxes come from all
    annotations but crowds, whether or not the painted mask shows them.

    Raises:
        DatasetError: a file or folder is missing or cannot be used, one id means two images, or
            annotations of the images cannot be used and are not to be left out.
    """
    files: dict[Path, dict[str, CocoEntry]] = {}
    problems: dict[Path, list[str]] = defaultdict(list)
    splits: dict[str, list[str]] = {}
    images: dict[str, CocoImage] = {}
    for name, split in parameters.raw_splits.items():
        if split.images is None:
            raise DatasetError(f"split {name!r}: the COCO layout needs `images`, a folder in {raw}")
        folder = raw / split.images
        if not folder.is_dir():
            raise DatasetError(
                f"{raw}: no folder {split.images!r} (the images of split {name!r}); raw must be "
                "the folder that holds the folders of annotations and images"
            )
        source = find_source(name, split, [raw / source for source in split.sources])
        if source not in files:
            files[source] = read_annotation_file(source, unassigned=problems[source])
        entries = files[source]
        splits[name] = select_ids(sorted(entries), split, source)
        for image_id in splits[name]:
            image = CocoImage(image_id, folder, source, entries[image_id])
            known = images.setdefault(image_id, image)
            if (known.folder, known.source) != (folder, source):
                raise DatasetError(
                    f"image {image_id!r} is in {known.folder} with {known.source} and in {folder} "
                    f"with {source}; ids must be unique, so make two datasets of them"
                )
    usable = []
    for image_id in sorted(images):
        image = images[image_id]
        entry, wrong = without_unusable(image_id, image.entry)
        problems[image.source] += wrong
        usable.append(replace(image, entry=entry))
    left_out = _count_left_out(problems, parameters.unusable_annotations)
    return RawDataset(COCO_CLASSES, splits, usable, left_out=left_out)


def _count_left_out(problems: dict[Path, list[str]], unusable_annotations: str) -> int | None:
    """Return how many annotations are left out; None where none may be.

    Raises:
        DatasetError: there are some, and none may be left out.
    """
    found = {source: wrong for source, wrong in problems.items() if wrong}
    for source, wrong in found.items():
        if unusable_annotations == "refuse":
            raise unusable(source, wrong)
        print(f"{source}: {len(wrong)} annotations left out: {wrong[0]}", file=sys.stderr)
    return None if unusable_annotations == "refuse" else sum(map(len, found.values()))


@dataclass(frozen=True)
class CocoImage:
    """One image of an annotation file, its masks not yet decoded."""

    image_id: str
    folder: Path
    source: Path
    entry: CocoEntry = field(repr=False)

    def read(self) -> AnnotatedImage:
        """Check the image, and decode and paint its annotations.

        Raises:
            DatasetError: the image is missing or differs in size from its entry, or an annotation
                cannot be used.
        """
        image_path = self.folder / self.entry.file_name
        size = (self.entry.height, self.entry.width)
        entry_name = f"its entry in {self.source}"
        check_same_size(image_path, read_image_size(image_path), entry_name, size)
        return self.paint()

    def read_labels(self) -> tuple[int, ...]:
        """Return the classes of all annotations but crowds.

        Raises:
            DatasetError: an annotation cannot be used.
        """
        return tuple(sorted({class_of(a, self._where(a)) for a in self._objects}))

    def paint(self) -> AnnotatedImage:
        """Decode and paint the annotations; the image itself is not looked at.

        Raises:
            DatasetError: an annotation cannot be used.
        """
        size = (self.entry.height, self.entry.width)
        annotations = self._objects
        crowds = [a for a in self.entry.annotations if is_crowd(a, self._where(a))]
        classes = [class_of(a, self._where(a)) for a in annotations]
        masks = [decode_annotation(a, *size, self._where(a)) for a in annotations]
        crowd = np.zeros(size, bool)
        for annotation in crowds:
            crowd |= decode_annotation(annotation, *size, self._where(annotation))
        instances, order = paint_instances(masks, crowd)
        instance_classes = {instance: classes[index] for instance, index in order.items()}
        return AnnotatedImage(
            image_path=self.folder / self.entry.file_name,
            semantic=semantic_from_instances(instances, instance_classes),
            instances=instances,
            instance_classes=instance_classes,
            boxes=[box_of(a, *size, self._where(a)) for a in annotations],
            class_ids=tuple(sorted(set(classes))),
            hidden_instances=len(masks) - len(order),
        )

    @property
    def _objects(self) -> list[dict]:
        """The annotations that are no crowds."""
        return [a for a in self.entry.annotations if not is_crowd(a, self._where(a))]

    def _where(self, annotation: dict) -> str:
        return f"{self.source}: annotation {annotation.get('id')} of image {self.image_id!r}"


def paint_instances(
    masks: Sequence[np.ndarray], crowd: np.ndarray
) -> tuple[np.ndarray, dict[int, int]]:
    """Paint overlapping masks into one instance map: larger ones first, smaller ones on top.

    The crowd (void) lies below all of them. Of two masks of one size the later is on top. A mask
    that shows no pixel gets no id.

    Args:
        masks: H×W bool each.
        crowd: H×W bool.

    Returns:
        The instance map, H×W, uint8 where the ids allow it, else uint16: 0 background, 255 void,
        and ids from 1 on, without 255, in the order of `masks`; and the index in `masks` of every
        id.
    """
    painted = np.zeros(crowd.shape, np.int64)
    for index in sorted(range(len(masks)), key=lambda index: -int(masks[index].sum())):
        painted[masks[index]] = index + 1
    shown = [int(value) - 1 for value in np.unique(painted) if value > 0]
    ids = [number for number in range(1, len(shown) + 2) if number != VOID][: len(shown)]
    order = dict(zip(ids, shown, strict=True))
    dtype = np.uint8 if not ids or ids[-1] < VOID else np.uint16
    lookup = np.zeros(len(masks) + 1, dtype)
    for instance_id, index in order.items():
        lookup[index + 1] = instance_id
    instances = lookup[painted]
    instances[crowd & (painted == 0)] = VOID
    return instances, order


def semantic_from_instances(instances: np.ndarray, instance_classes: dict[int, int]) -> np.ndarray:
    """Return the class map, H×W uint8, of an instance map; void stays void."""
    lookup = np.zeros(max(VOID, int(instances.max(initial=0))) + 1, np.uint8)
    lookup[VOID] = VOID
    for instance_id, class_id in instance_classes.items():
        lookup[instance_id] = class_id
    return lookup[instances]
