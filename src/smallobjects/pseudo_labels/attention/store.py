"""The file of the attention maps of many images, as npz.

    <id>/classes    K uint8, the class ids present, ascending; K may be 0
    <id>/maps       K×h×w uint8: 255 is the map's highest attention
h×w is the grid of the network on a square image, so each cell covers the same part of any image.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from smallobjects.pseudo_labels.archives.arrays import ArrayArchive, add_array
from smallobjects.publishing import publish_file

ImageMaps = tuple[np.ndarray, np.ndarray]
AttentionMaps = dict[str, ImageMaps]
"""By image id: its K classes and its K×h×w maps."""


def write_attention(path: Path, maps: Iterable[tuple[str, ImageMaps]]) -> None:
    """Write the maps of some images; the file appears when all are written.

    Equal maps in the same order make equal bytes.
    """
    with publish_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for image_id, arrays in maps:
            for name, array in zip(("classes", "maps"), arrays, strict=True):
                add_array(archive, f"{image_id}/{name}", array.astype(np.uint8), compressed=True)


def read_attention(path: Path, image_ids: list[str]) -> AttentionMaps:
    """Return the maps of these images.

    Raises:
        BadInputError: the file is no such store, is damaged, or lacks an image.
    """
    with ArrayArchive(path, "make it again with the stage that writes it") as archive:
        return {
            image_id: tuple(
                archive.array(f"{image_id}/{name}", f"attention maps of image {image_id}")
                for name in ("classes", "maps")
            )
            for image_id in image_ids
        }


def to_levels(maps: torch.Tensor) -> np.ndarray:
    """Return …×h×w maps as uint8: negative values 0, each map's maximum 255, rounded to even."""
    positive = maps.detach().clamp(min=0)
    scaled = positive / (positive.amax(dim=(-2, -1), keepdim=True) + 1e-8) * 255
    return scaled.round().to("cpu", torch.uint8).numpy()


def enlarge(maps: np.ndarray, height: int, width: int, mode: str) -> np.ndarray:
    """Bring K×h×w uint8 maps to the size of their image, each stretched to 0..1.

    Args:
        maps: as they are stored.
        height: of the image.
        width: of the image.
        mode: `bicubic` or `bilinear`. Values beyond 0..255 are cut and all rounded, as in the
            public code, which writes them as images.

    Returns:
        K×height×width float32; a map without any contrast is 0.
    """
    if len(maps) == 0:
        return np.zeros((0, height, width), dtype=np.float32)
    levels = torch.from_numpy(maps.astype(np.float32))[None]
    larger = functional.interpolate(levels, size=(height, width), mode=mode)[0]
    larger = larger.round().clamp(0, 255).numpy()
    low = larger.min(axis=(1, 2), keepdims=True)
    high = larger.max(axis=(1, 2), keepdims=True)
    return (larger - low) / (high - low + 1e-8)
