"""Converter for the layout of VOCdevkit/VOC2012 (class masks, instance masks, XML boxes)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.mask_files import check_same_size, read_image_size, read_mask
from smallobjects.datasets.parameters import DatasetParameters, SplitParameters
from smallobjects.datasets.prepared import VOID
from smallobjects.datasets.raw import AnnotatedImage, RawDataset
from smallobjects.datasets.selection import select_ids
from smallobjects.datasets.voc_annotations import read_annotation

LISTS = "ImageSets/Segmentation"


def open_raw(raw: Path, parameters: DatasetParameters) -> RawDataset:
    """Open the folder that directly holds Annotations, JPEGImages, ImageSets and the masks.

    Image-level labels are the names in an image's XML file, difficult objects included; they are
    never taken from its masks. A class mask comes from the first folder of `semantic_masks` that
    has one. An instance mask must be there for the evaluated split only.

    Raises:
        DatasetError: a folder or list is missing.
    """
    _check_folders(raw, parameters)
    splits = {name: _read_list(raw, split) for name, split in parameters.splits.items()}
    evaluated = set(splits[parameters.evaluate])
    images = [
        VocImage(
            raw=raw,
            image_id=image_id,
            semantic_masks=parameters.semantic_masks,
            instance_masks=parameters.instance_masks,
            evaluated=image_id in evaluated,
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
    evaluated: bool

    def read(self) -> AnnotatedImage:
        """Read and check the image's mask files and boxes.

        Raises:
            DatasetError: a file is missing or malformed, sizes differ, a value is no class, or an
                instance lies on no class.
        """
        image_path = self.raw / "JPEGImages" / f"{self.image_id}.jpg"
        height, width = read_image_size(image_path)
        semantic_path = self._semantic_path()
        semantic = read_mask(semantic_path)
        check_same_size(image_path, (height, width), semantic_path, semantic.shape)
        _check_values(semantic_path, semantic)
        instances, instance_classes = self._read_instances(semantic_path, semantic)
        annotation_path = self.raw / "Annotations" / f"{self.image_id}.xml"
        objects = read_annotation(annotation_path)
        return AnnotatedImage(
            image_path=image_path,
            semantic=semantic,
            instances=instances,
            instance_classes=instance_classes,
            boxes=[item.box(height, width, annotation_path) for item in objects],
            class_ids=tuple(sorted({item.class_id for item in objects})),
        )

    def _semantic_path(self) -> Path:
        paths = [self.raw / name / f"{self.image_id}.png" for name in self.semantic_masks]
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
        path = self.raw / self.instance_masks / f"{self.image_id}.png"
        if not path.is_file():
            if self.evaluated:
                raise DatasetError(
                    f"{path}: no such instance mask; the evaluated split needs one for every image"
                )
            return None, {}
        instances = read_mask(path)
        check_same_size(semantic_path, semantic.shape, path, instances.shape)
        return instances, instance_classes(instances, semantic, path)


def instance_classes(instances: np.ndarray, semantic: np.ndarray, path: Path) -> dict[int, int]:
    """Return the class of every instance: the one that most of its pixels have.

    Background and void pixels have no say; of two equally frequent classes the lower id wins.

    Args:
        instances: H×W uint8; 0 background, 255 void.
        semantic: H×W uint8; 0 background, 1..C, 255 void.
        path: of the instance mask, for the message.

    Raises:
        DatasetError: no pixel of an instance has a class.
    """
    votes = np.zeros((256, 256), np.int64)
    np.add.at(votes, (instances.ravel(), semantic.ravel()), 1)
    votes[:, [0, VOID]] = 0
    classes = {}
    for instance_id in np.unique(instances):
        if instance_id in (0, VOID):
            continue
        if not votes[instance_id].any():
            raise DatasetError(
                f"{path}: instance {instance_id} has no pixel of any class in the class mask; "
                "the two masks do not belong together"
            )
        classes[int(instance_id)] = int(votes[instance_id].argmax())
    return classes


def _check_values(path: Path, semantic: np.ndarray) -> None:
    values = np.unique(semantic)
    unknown = values[(values > len(VOC_CLASSES)) & (values != VOID)]
    if len(unknown):
        raise DatasetError(
            f"{path}: value {unknown[0]} is no class; class masks hold 0..{len(VOC_CLASSES)} "
            f"and {VOID}"
        )


def _check_folders(raw: Path, parameters: DatasetParameters) -> None:
    needed = ["JPEGImages", "Annotations", LISTS]
    for name in [*needed, *parameters.semantic_masks, parameters.instance_masks]:
        if not (raw / name).is_dir():
            raise DatasetError(
                f"{raw}: no folder {name!r}; raw must be the folder that directly holds "
                "JPEGImages, Annotations, ImageSets and the mask folders (…/VOCdevkit/VOC2012)"
            )


def _read_list(raw: Path, split: SplitParameters) -> list[str]:
    path = raw / LISTS / f"{split.source}.txt"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.txt")))
        raise DatasetError(f"{path}: no such list; there are: {known or 'none'}")
    return select_ids(path.read_text().split(), split, path)
