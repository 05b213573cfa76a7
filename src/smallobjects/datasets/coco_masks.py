"""The masks of annotations of MS COCO: polygons and run lengths."""

from math import isfinite

import numpy as np
from pycocotools import mask as coco_mask

from smallobjects.datasets.errors import DatasetError

_MIN_COORDINATES = 6
"""Of a polygon: three points."""


def decode_mask(annotation: dict, height: int, width: int, where: str) -> np.ndarray:
    """Return an annotation's mask as H×W bool.

    Polygons (all parts together), run lengths and compressed run lengths are understood. Of
    several parts, one of fewer than three points encloses nothing.

    Args:
        annotation: with the key `segmentation`.
        height: of the image, in pixels.
        width: of the image, in pixels.
        where: names file and annotation, for messages.

    Raises:
        DatasetError: anything else, or run lengths for another image size.
    """
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, list):
        code = _of_polygons(segmentation, height, width, where)
    elif isinstance(segmentation, dict) and {"counts", "size"} <= segmentation.keys():
        code = _of_run_lengths(segmentation, height, width, where)
    else:
        raise DatasetError(
            f"{where}: segmentation must be a list of polygons or run lengths with size and counts"
        )
    return coco_mask.decode(code).astype(bool)


def _of_polygons(polygons: list, height: int, width: int, where: str) -> dict:
    """Return the compressed run lengths of the pixels inside any of the polygons."""
    for polygon in polygons:
        if not isinstance(polygon, list) or not all(map(_is_number, polygon)):
            raise DatasetError(
                f"{where}: a polygon must be a list of finite numbers (x, y, x, y, …)"
            )
        if len(polygon) % 2:
            raise DatasetError(f"{where}: a polygon has an odd number of coordinates")
    parts = [polygon for polygon in polygons if len(polygon) >= _MIN_COORDINATES]
    if not parts:
        raise DatasetError(
            f"{where}: no polygon has three points, so it marks no pixel; remove or redraw it"
        )
    return coco_mask.merge(coco_mask.frPyObjects(parts, height, width))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _of_run_lengths(segmentation: dict, height: int, width: int, where: str) -> dict:
    """Return compressed run lengths that fit the image.

    They are checked here because the library reads beyond its memory where they end early.
    """
    size, counts = segmentation["size"], segmentation["counts"]
    if size != [height, width]:
        raise DatasetError(
            f"{where}: its run lengths are for {size} pixels (height, width) but the image has "
            f"{[height, width]}"
        )
    try:
        runs = counts if isinstance(counts, list) else _decompress(counts)
        whole = all(isinstance(run, int) and run >= 0 for run in runs)
    except (TypeError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise DatasetError(f"{where}: its run lengths are damaged; fetch the file again")
    if sum(runs) != height * width:
        raise DatasetError(
            f"{where}: its run lengths add up to {sum(runs)} pixels but the image has "
            f"{height * width}; fetch the file again"
        )
    if isinstance(counts, list):
        return coco_mask.frPyObjects(segmentation, height, width)
    return segmentation


def _decompress(text: str) -> list[int]:
    """Return the runs of COCO's compressed form.

    Every character from `0` to `o` carries 5 bits of a number, lowest first, and a sixth that says
    whether more follow; the highest bit of a number is its sign. From the fourth run on, the
    number is the difference to the run before the last.

    Raises:
        ValueError: a character is no such character, or the last number does not end.
    """
    runs: list[int] = []
    number = shift = 0
    for byte in text.encode("ascii"):
        bits = byte - 48
        if not 0 <= bits < 64:
            raise ValueError(f"character {byte}")
        number |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            number -= 1 << shift
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        number = shift = 0
    if shift:
        raise ValueError("the last number does not end")
    return runs
