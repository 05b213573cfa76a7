"""A folder of saliency maps, made whole: `<image id>.png`, 8-bit grey, and `manifest.json`."""

import hashlib
import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from smallobjects.datasets.checksums import sum_of_hashes
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.image_lists import file_of_id
from smallobjects.progress import progress
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.labels.archive import encode_label
from smallobjects.pseudo_labels.labels.manifest import package_versions
from smallobjects.pseudo_labels.labels.png_files import GREY, PngContent, read_png
from smallobjects.publishing import publish_directory

MANIFEST = "manifest.json"
SALIENCY = PngContent(
    colour_types=(GREY,),
    format_advice="save the saliency, 0..255, as 8-bit grey PNG",
    size_advice="resize the map to its image",
)


def read_map(folder: Path, image_id: str, shape: tuple[int, int]) -> np.ndarray:
    """Return the saliency map of an image, H×W uint8 from 0 (background) to 255.

    Args:
        folder: holds `<image id>.png`.
        image_id: the image.
        shape: its height and width.

    Raises:
        BadInputError: the map is missing, damaged, no 8-bit grey PNG, or of another size.
    """
    path = file_of_id(Path(folder), image_id, (".png",))
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadInputError(f"{path}: missing; add the saliency map of this image") from None
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error}); replace the file") from error
    return read_png(content, shape, SALIENCY, str(path))


def publish_maps(
    dataset: PreparedDataset,
    split: str,
    maps: Iterable[tuple[str, np.ndarray]],
    origin: dict[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """Write the maps of a split; the folder appears when it holds all of them.

    Args:
        dataset: the prepared dataset.
        split: the split that the maps cover.
        maps: image id and H×W uint8 for each image of the split, in any order.
        origin: where they come from, to be recorded here and in all that is made from them.
        folder: the folder to make or replace.

    Returns:
        What manifest.json says: the origin, the checksum of all maps (LC_ALL=C sha256sum *.png |
        sha256sum, in the folder) and statistics.

    Raises:
        BadInputError: an image has no map, or one that it does not ask for or has already.
    """
    start = time.monotonic()
    image_ids = dataset.split(split)
    waiting, hashes = set(image_ids), dict[str, str]()
    counts, constant = np.zeros(256, dtype=np.int64), 0
    with publish_directory(folder) as partial:
        for image_id, saliency in progress(maps, "saliency", len(image_ids)):
            if image_id not in waiting:
                raise BadInputError(f"image {image_id}: its map comes twice or is not asked for")
            waiting.remove(image_id)
            name, content = f"{image_id}.png", encode_label(saliency)
            (partial / name).write_bytes(content)
            hashes[name] = hashlib.sha256(content).hexdigest()
            counts += np.bincount(saliency.ravel(), minlength=256)
            constant += int(saliency.min() == saliency.max())
        if waiting:
            raise BadInputError(f"image {min(waiting)}: no map ({len(waiting)} missing)")
        manifest = {
            "origin": origin,
            "dataset": dataset.name,
            "split": split,
            "images": len(image_ids),
            "sha256": sum_of_hashes(hashes),
            "statistics": _statistics(counts, constant),
            "versions": package_versions(),
            "seconds": round(time.monotonic() - start, 3),
        }
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    return manifest


def _statistics(counts: np.ndarray, constant: int) -> dict[str, Any]:
    """Return what the values are like, from how many pixels have each of 0..255."""
    pixels = max(1, int(counts.sum()))
    return {
        "mean": round(float((counts * np.arange(256)).sum() / pixels), 3),
        "share_from_128": round(float(counts[128:].sum() / pixels), 6),
        "share_between_16_and_239": round(float(counts[16:240].sum() / pixels), 6),
        "constant_maps": constant,
    }


def read_origin(folder: Path) -> dict[str, Any]:
    """Return what the manifest of labels says of the maps they are made from.

    Raises:
        BadInputError: the folder was not made by `smallobjects make-saliency`.
    """
    path = Path(folder) / MANIFEST
    try:
        content = json.loads(path.read_text())
        return {key: content[key] for key in ("origin", "sha256", "statistics")}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadInputError(
            f"{path}: missing or damaged ({error}); make the folder with "
            "`smallobjects make-saliency`"
        ) from error
