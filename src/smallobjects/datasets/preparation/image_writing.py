"""Writing one image of a prepared dataset: what the workers of a conversion do."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smallobjects.datasets.image_modes import check_side
from smallobjects.datasets.mask_files import encode_jpeg, encode_mask
from smallobjects.datasets.preparation.instance_rows import instance_rows
from smallobjects.datasets.preparation.shrinking import shrink
from smallobjects.datasets.raw import AnnotatedImage, RawImage


@dataclass(frozen=True)
class Record:
    """What is kept of an image after its masks are written."""

    image_id: str
    rows: dict[str, list[tuple]]
    """By table."""
    hidden_instances: int
    semantic_sha256: str
    instances_sha256: str | None
    """None: there is no such mask."""


def write_image(
    image: RawImage, folder: Path, size_limits: tuple[int, int], longest_side: int | None = None
) -> Record:
    """Read an image, write its masks below `folder`, and link the image there or write it smaller.

    Args:
        image: to be read.
        folder: with the folders images, semantic and instances.
        size_limits: areas in pixels where medium and large begin.
        longest_side: images with a longer side are made smaller first.

    Raises:
        DatasetError: the image cannot be used.
    """
    content = shrink(image.read(), longest_side)
    image_id = image.image_id
    check_side(content.image_path, *content.semantic.shape)
    _keep_image(folder / "images" / f"{image_id}.jpg", content)
    instances, instances_sha256 = [], None
    if content.instances is not None:
        path = folder / "instances" / f"{image_id}.png"
        instances_sha256 = _write_hashed(path, content.instances)
        instances = instance_rows(
            image_id, content.instances, content.instance_classes, size_limits
        )
    return Record(
        image_id=image_id,
        rows={
            "instances": instances,
            "boxes": [(image_id, b.class_id, b.x0, b.y0, b.x1, b.y1) for b in content.boxes],
            "labels": [(image_id, class_id) for class_id in content.class_ids],
        },
        hidden_instances=content.hidden_instances,
        semantic_sha256=_write_hashed(folder / "semantic" / f"{image_id}.png", content.semantic),
        instances_sha256=instances_sha256,
    )


def _keep_image(path: Path, content: AnnotatedImage) -> None:
    if content.pixels is None:
        path.symlink_to(content.image_path.resolve())
    else:
        path.write_bytes(encode_jpeg(content.pixels))


def _write_hashed(path: Path, mask: np.ndarray) -> str:
    content = encode_mask(mask)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()
