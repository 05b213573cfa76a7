"""Is one image of a prepared dataset whole, and do its masks and table rows agree?"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallobjects.datasets.checks.agreement import REMEDY, instance_classes
from smallobjects.datasets.checks.findings import Finding
from smallobjects.datasets.errors import DatasetError, UnfitImageError
from smallobjects.datasets.image_modes import check_side
from smallobjects.datasets.mask_files import decode_mask, read_image_size
from smallobjects.datasets.preparation.instance_rows import instance_rows
from smallobjects.datasets.prepared import VOID

Row = tuple


@dataclass(frozen=True)
class ImageToCheck:
    """An image, and what the tables say about it."""

    image_id: str
    folders: frozenset[str]
    """In which of images, semantic and instances it has a file."""
    rows: dict[str, list[Row]]
    """Rows by table (without the column `image`); a table that cannot be read is not in it."""


@dataclass(frozen=True)
class CheckedImage:
    """What came out."""

    image_id: str
    findings: list[Finding]
    sha256: dict[str, str]
    """Of the files in semantic and instances."""
    sizes: list[str]
    """The size (small, …) of every instance of the table."""


def check_image(
    image: ImageToCheck, root: Path, num_classes: int, size_limits: tuple[int, int]
) -> CheckedImage:
    """Check the files and rows of one image.

    Args:
        image: what is to be checked.
        root: folder of the dataset.
        num_classes: number of classes, background included.
        size_limits: areas in pixels where medium and large begin.
    """
    findings: list[Finding] = []
    shapes: dict[str, tuple[int, ...]] = {}
    masks: dict[str, np.ndarray] = {}
    sha256: dict[str, str] = {}
    if "images" in image.folders:
        file = f"images/{image.image_id}.jpg"
        try:
            shapes[file] = read_image_size(root / file)
            check_side(root / file, *shapes[file])
        except DatasetError as error:
            unfit = isinstance(error, UnfitImageError)
            remedy = str(error).rpartition("; ")[2] if unfit else "put the raw image back"
            findings.append(Finding(file, _reason(error), remedy))
    for folder, modes in (("semantic", ("P", "L")), ("instances", ("P", "L", "I;16"))):
        if folder in image.folders:
            file = f"{folder}/{image.image_id}.png"
            try:
                content = (root / file).read_bytes()
                sha256[folder] = hashlib.sha256(content).hexdigest()
                masks[folder] = decode_mask(content, Path(file), modes)
                shapes[file] = masks[folder].shape
            except DatasetError as error:
                findings.append(Finding(file, _reason(error)))
            except OSError as error:
                findings.append(Finding(file, f"cannot be read ({error.strerror})"))
    findings += _differing_sizes(shapes)
    fitting = len(set(shapes.values())) < 2
    if "semantic" in masks:
        findings += _unknown_classes(image, masks["semantic"], num_classes)
    if len(masks) == 2 and fitting:
        findings += _instance_findings(image, masks, size_limits)
    if "instances" not in image.folders and image.rows.get("instances"):
        problem = f"has rows of {image.image_id!r}, which has no instance mask"
        findings.append(Finding("instances.parquet", problem))
    shape = next(iter(shapes.values()), None) if fitting else None
    findings += _box_findings(image, shape, num_classes)
    findings += _label_findings(image, masks.get("semantic"), num_classes)
    sizes = [row[3] for row in image.rows.get("instances", [])]
    return CheckedImage(image.image_id, findings, sha256, sizes)


def _reason(error: DatasetError) -> str:
    """Return what a message says between the name of the file and the remedy."""
    return str(error).partition(": ")[2].rpartition("; ")[0]


def _differing_sizes(shapes: dict[str, tuple[int, ...]]) -> Iterator[Finding]:
    (first, size), *others = shapes.items() if shapes else [("", ())]
    for file, other in others:
        if tuple(other) != tuple(size):
            problem = f"{other[0]}×{other[1]} pixels (height×width), but {first} has "
            yield Finding(file, f"{problem}{size[0]}×{size[1]}")


def _unknown_classes(
    image: ImageToCheck, semantic: np.ndarray, num_classes: int
) -> Iterator[Finding]:
    for value in np.unique(semantic[(semantic >= num_classes) & (semantic != VOID)]):
        problem = f"value {value} is no class; the classes are 0..{num_classes - 1} and {VOID} void"
        yield Finding(f"semantic/{image.image_id}.png", problem)


def _instance_findings(
    image: ImageToCheck, masks: dict[str, np.ndarray], size_limits: tuple[int, int]
) -> Iterator[Finding]:
    """Compare the instance mask with the class mask and with the table."""
    file = f"instances/{image.image_id}.png"
    classes, contradictions = instance_classes(masks["instances"], masks["semantic"])
    for contradiction in contradictions:
        yield Finding(file, contradiction, REMEDY)
    if "instances" not in image.rows:
        return
    every = dict.fromkeys(np.unique(masks["instances"]).tolist()) | classes
    painted = instance_rows(image.image_id, masks["instances"], every, size_limits)
    expected = {row[1]: row[2:] for row in painted}
    rows = image.rows["instances"]
    table = {row[0]: row[1:] for row in rows}
    where = f"of {image.image_id!r}"
    if len(table) < len(rows):
        yield Finding("instances.parquet", f"has an instance {where} twice")
    for instance_id in sorted(expected.keys() - table.keys()):
        yield Finding("instances.parquet", f"has no row of instance {instance_id} {where}")
    for instance_id in sorted(table.keys() - expected.keys()):
        problem = f"has a row of instance {instance_id} {where}, which the mask does not show"
        yield Finding("instances.parquet", problem)
    names = ("class_id", "area", "size", "x0", "y0", "x1", "y1")
    for instance_id in sorted(expected.keys() & table.keys()):
        for name, found, right in zip(
            names, table[instance_id], expected[instance_id], strict=True
        ):
            if right is not None and found != right:
                problem = f"says {name} {found} of instance {instance_id} {where}"
                yield Finding("instances.parquet", f"{problem}, but the masks say {right}")


def _box_findings(
    image: ImageToCheck, shape: tuple[int, ...] | None, num_classes: int
) -> Iterator[Finding]:
    for class_id, x0, y0, x1, y1 in image.rows.get("boxes", []):
        where = f"box {[x0, y0, x1, y1]} (x0, y0, x1, y1) of {image.image_id!r}"
        if not 0 < class_id < num_classes:
            yield Finding("boxes.parquet", f"{where}: {class_id} is no class")
        height, width = shape or (max(y1, 1), max(x1, 1))
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            yield Finding("boxes.parquet", f"{where} is empty or not within the image")


def _label_findings(
    image: ImageToCheck, semantic: np.ndarray | None, num_classes: int
) -> Iterator[Finding]:
    """Compare the image-level labels with boxes and class mask.

    A class of a box must be a label. A class of the mask need not be: the masks of some datasets
    show objects that their image-level labels leave out.
    """
    if "labels" not in image.rows:
        return
    labels = [class_id for (class_id,) in image.rows["labels"]]
    where = f"of {image.image_id!r}"
    for class_id in sorted({label for label in labels if labels.count(label) > 1}):
        yield Finding("labels.parquet", f"has class {class_id} {where} twice")
    for class_id in sorted(set(labels)):
        if not 0 < class_id < num_classes:
            yield Finding("labels.parquet", f"label {where}: {class_id} is no class")
    if "boxes" not in image.rows:
        return
    boxes = {row[0] for row in image.rows["boxes"]}
    for class_id in sorted(boxes - set(labels)):
        yield Finding("labels.parquet", f"has no class {class_id} {where}, of which there is a box")
    shown = set() if semantic is None else set(np.unique(semantic).tolist())
    for class_id in sorted(set(labels) - boxes - shown) if semantic is not None else ():
        problem = f"has class {class_id} {where}, of which there is no box and no pixel"
        yield Finding("labels.parquet", problem)
