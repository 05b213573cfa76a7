"""Synthetic raw data in the layout of VOCdevkit/VOC2012."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.mask_files import write_mask
from smallobjects.datasets.parameters import SyntheticParameters
from smallobjects.datasets.prepared import VOID
from smallobjects.datasets.synthetic.appearance import class_appearances
from smallobjects.datasets.synthetic.scenes import Scene, draw_scene, void_border

FOLDERS = (
    "Annotations",
    "ImageSets/Segmentation",
    "JPEGImages",
    "SegmentationClass",
    "SegmentationClassAug",
    "SegmentationObject",
)


def plan_images(parameters: SyntheticParameters) -> dict[str, list[str]]:
    """Return the image ids of `train`, `train_aug` and `val`.

    `train` holds two thirds of the training images; the rest of `train_aug` has only a class
    mask without void, as the images of SBD have.
    """
    train = max(1, round(parameters.train_images * 2 / 3))
    ids = [f"2007_{32 + 7 * index:06d}" for index in range(train)]
    added = [f"2008_{2 + 3 * index:06d}" for index in range(parameters.train_images - train)]
    val = [f"2009_{13 + 5 * index:06d}" for index in range(parameters.val_images)]
    return {"train": ids, "train_aug": ids + added, "val": val}


def draw_image(parameters: SyntheticParameters, split: str, index: int) -> Scene:
    """Draw scene number `index` of `train_aug` or `val`, whatever was drawn before it."""
    stream = {"train_aug": 0, "val": 1}[split]
    rng = np.random.default_rng([parameters.seed, stream, index])
    return draw_scene(class_appearances(parameters.classes), parameters.image_size, rng)


def write_raw(parameters: SyntheticParameters, folder: Path) -> None:
    """Write the raw dataset into the existing empty folder."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    lists = plan_images(parameters)
    for name, ids in lists.items():
        path = folder / "ImageSets/Segmentation" / f"{name}.txt"
        path.write_text("".join(f"{image_id}\n" for image_id in ids))
    full_masks = {*lists["train"], *lists["val"]}
    for split in ("train_aug", "val"):
        for index, image_id in enumerate(lists[split]):
            scene = draw_image(parameters, split, index)
            _write_image(folder, image_id, scene)
            if split == "train_aug":
                write_mask(folder / "SegmentationClassAug" / f"{image_id}.png", scene.semantic)
            if image_id in full_masks:
                _write_masks(folder, image_id, scene)


def _write_image(folder: Path, image_id: str, scene: Scene) -> None:
    path = folder / "JPEGImages" / f"{image_id}.jpg"
    Image.fromarray(scene.image).save(path, quality=95, subsampling=0)
    tree = _annotation(image_id, scene)
    ElementTree.indent(tree, "\t")
    tree.write(folder / "Annotations" / f"{image_id}.xml", encoding="utf-8")


def _write_masks(folder: Path, image_id: str, scene: Scene) -> None:
    border = void_border(scene.instances)
    for name, mask in (
        ("SegmentationClass", scene.semantic),
        ("SegmentationObject", scene.instances),
    ):
        marked = np.where(border, np.uint8(VOID), mask)
        write_mask(folder / name / f"{image_id}.png", marked)


def _annotation(image_id: str, scene: Scene) -> ElementTree.ElementTree:
    root = ElementTree.Element("annotation")
    height, width = scene.image.shape[:2]
    _add(root, "folder", "VOC2012")
    _add(root, "filename", f"{image_id}.jpg")
    size = ElementTree.SubElement(root, "size")
    for name, value in (("width", width), ("height", height), ("depth", 3)):
        _add(size, name, value)
    _add(root, "segmented", 1)
    instances = scene.instances
    for instance_id, item in enumerate(scene.objects, start=1):
        visible = instances == instance_id
        rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
        at_edge = rows[0] == 0 or columns[0] == 0 or rows[-1] == height - 1
        node = ElementTree.SubElement(root, "object")
        _add(node, "name", VOC_CLASSES[item.class_id - 1])
        _add(node, "pose", "Unspecified")
        _add(node, "truncated", int(at_edge or columns[-1] == width - 1))
        _add(node, "occluded", int(visible.sum() < item.mask.sum()))
        _add(node, "difficult", int(item.difficult))
        box = ElementTree.SubElement(node, "bndbox")
        # VOC counts pixels from 1 and includes both ends.
        _add(box, "xmin", columns[0] + 1)
        _add(box, "ymin", rows[0] + 1)
        _add(box, "xmax", columns[-1] + 1)
        _add(box, "ymax", rows[-1] + 1)
    return ElementTree.ElementTree(root)


def _add(parent: ElementTree.Element, name: str, value: object) -> None:
    ElementTree.SubElement(parent, name).text = str(value)
