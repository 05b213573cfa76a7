"""Converter for the layout of VOCdevkit/VOC2012 (class masks, instance masks, XML boxes)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallobjects.datasets.checks.agreement import REMEDY, instance_classes
from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.voc.annotations import read_annotation
from smallobjects.datasets.mask_files import check_same_size, read_image_size, read_mask
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.prepared import VOID
from smallobjects.datasets.raw import AnnotatedImage, RawDataset
from smallobjects.datasets.splits.parameters import SplitParameters
from smallobjects.datasets.splits.raw_lists import find_source, select_ids
from smallobjects.image_lists import file_of_id, read_lines

LISTS = "ImageSets/Segmentation"


def open_raw(raw: Path, parameters: DatasetParameters) -> RawDataset:
    """Open the folder that directly holds Annotations, JPEGImages, ImageSets and the masks.

    Image-level labels are the names in an image's XML file, difficult objects included; they are
    never taken from its masks. A class mask comes from the first folder of `semantic_masks` that
    has one. An instance mask may be missing.

    Raises:
        DatasetError: a folder or list is missing.
    """
    _check_folders(raw, parameters)
    splits = {name: _read_list(raw, name, s) for name, s in parameters.raw_splits.items()}
    images = [
        VocImage(
            raw=raw,
            image_id=image_id,
            semantic_masks=parameters.semantic_masks,
            instance_masks=parameters.instance_masks,
        )
        for image_id in sorted({image_id for ids in splits.values() for image_id in ids})
    ]
    return RawDataset(VOC_CLASSES, splits, images)


@dataclass(frozen=True)
class VocImage:
    """One image of the raw folder, not yet read."""

    raw: Path
    image_id: str
    semantic_masks: tuple[str, ...]
    instance_masks: str

    def read(self) -> AnnotatedImage:
        """Read and check the image's mask files and boxes.

        Raises:
            DatasetError: a file is missing or malformed, sizes differ, a value is no class, or
                class mask and instance mask contradict each other.
        """
        image_path = file_of_id(self.raw / "JPEGImages", self.image_id, (".jpg", ".jpeg", ".png"))
        size = read_image_size(image_path)
        semantic_path = self._semantic_path()
        semantic = read_mask(semantic_path)
        check_same_size(image_path, size, semantic_path, semantic.shape)
        _check_values(semantic_path, semantic)
        instances, instance_classes = self._read_instances(semantic_path, semantic)
        annotation_path, annotation = self._annotation_path, read_annotation(self._annotation_path)
        if annotation.size is not None:
            check_same_size(image_path, size, annotation_path, annotation.size)
        return AnnotatedImage(
            image_path=image_path,
            semantic=semantic,
            instances=instances,
            instance_classes=instance_classes,
            boxes=[item.box(*size, annotation_path) for item in annotation.objects],
            class_ids=annotation.class_ids,
            instances_path=self._instances_path,
        )

    def read_labels(self) -> tuple[int, ...]:
        """Return the classes of the annotation file.

        Raises:
            DatasetError: it is missing or malformed.
        """
        return read_annotation(self._annotation_path).class_ids

    @property
    def _annotation_path(self) -> Path:
        return file_of_id(self.raw / "Annotations", self.image_id, (".xml",))

    @property
    def _instances_path(self) -> Path:
        return file_of_id(self.raw / self.instance_masks, self.image_id, (".png",))

    def _semantic_path(self) -> Path:
        folders = [self.raw / name for name in self.semantic_masks]
        paths = [file_of_id(folder, self.image_id, (".png",)) for folder in folders]
        for path in paths:
            if path.is_file():
                return path
        raise DatasetError(
            f"no class mask for image {self.image_id!r}: none of {', '.join(map(str, paths))} "
            "exists; add the mask or its folder to semantic_masks, or take the image off the list"
        )

    def _read_instances(
        self, semantic_path: Path, semantic: np.ndarray
    ) -> tuple[np.ndarray | None, dict[int, int]]:
        path = self._instances_path
        if not path.is_file():
            return None, {}
        instances = read_mask(path)
        check_same_size(semantic_path, semantic.shape, path, instances.shape)
        agreement = instance_classes(instances, semantic)
        if agreement.contradictions:
            raise DatasetError(f"{path}: {agreement.contradictions[0]}; {REMEDY}")
        return instances, agreement.classes


def _check_values(path: Path, semantic: np.ndarray) -> None:
    unknown = semantic[(semantic > len(VOC_CLASSES)) & (semantic != VOID)]
    if unknown.size:
        raise DatasetError(
            f"{path}: value {unknown.min()} is no class; class masks hold 0..{len(VOC_CLASSES)} "
            f"and {VOID}"
        )


def _check_folders(raw: Path, parameters: DatasetParameters) -> None:
    # A plain VOC 2012 has the first of the folders of class masks; an image that has its mask in
    # another one says so.
    needed = ["JPEGImages", "Annotations", LISTS]
    for name in [*needed, *parameters.semantic_masks[:1], parameters.instance_masks]:
        if not (raw / name).is_dir():
            raise DatasetError(
                f"{raw}: no folder {name!r}; raw must be the folder that directly holds "
                "JPEGImages, Annotations, ImageSets and the mask folders (…/VOCdevkit/VOC2012)"
            )


def _read_list(raw: Path, name: str, split: SplitParameters) -> list[str]:
    path = find_source(name, split, [raw / LISTS / f"{source}.txt" for source in split.sources])
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.txt")))
        raise DatasetError(f"{path}: no such list; there are: {known or 'none'}")
    return select_ids(_image_ids(path), split, path)


def _image_ids(path: Path) -> list[str]:
    """Return the ids of a list, one a line; blank lines are passed over."""
    try:
        ids = read_lines(path)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: no list of image ids ({error}); fetch it again") from error
    for image_id in ids:
        if len(image_id.split()) > 1 or "/" in image_id:
            raise DatasetError(
                f"{path}: {image_id!r} is no image id; lists of {LISTS} name one image a line, "
                "such as 2007_000032"
            )
    return ids
