"""The masks of annotations of MS COCO: polygons and run lengths."""

from math import isfinite

import numpy as np
from pycocotools import mask as coco_mask

from smallobjects.datasets.errors import DatasetError

_MIN_COORDINATES = 6
"""Of a polygon: three points."""


def decode_annotation(annotation: dict, height: int, width: int, where: str) -> np.ndarray:
    """Return an annotation's mask as H×W bool.

    Polygons (all parts together), run lengths and compressed run lengths are understood. Of
    several parts, one of fewer than three points encloses nothing.

    Args:
        annotation: with the key `segmentation`.
        height: of the image, in pixels.
        width: of the image, in pixels.
        where: names file and annotation, for messages.

    Raises:
        DatasetError: see `check_segmentation`.
    """
    segmentation = check_segmentation(annotation, height, width, where)
    if isinstance(segmentation, list):
        code = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        code = coco_mask.frPyObjects(segmentation, height, width)
    else:
        code = segmentation
    return coco_mask.decode(code).astype(bool)


def check_segmentation(annotation: dict, height: int, width: int, where: str) -> list | dict:
    """Return the polygons that enclose something, or the run lengths, if they can be painted.

    Args:
        annotation: as for `decode_mask`, as are the others.
        height: of the image.
        width: of the image.
        where: for messages.

    Raises:
        DatasetError: it has neither polygons nor run lengths, coordinates are no finite numbers or
            lie more than the image's size outside it, or run lengths do not fit the image.
    """
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, list):
        return _polygons(segmentation, height, width, where)
    if isinstance(segmentation, dict) and {"counts", "size"} <= segmentation.keys():
        _check_run_lengths(segmentation, height, width, where)
        return segmentation
    raise DatasetError(
        f"{where}: segmentation must be a list of polygons or run lengths with size and counts"
    )


def _polygons(polygons: list, height: int, width: int, where: str) -> list:
    for polygon in polygons:
        if not isinstance(polygon, list) or not _are_numbers(polygon):
            raise DatasetError(
                f"{where}: a polygon must be a list of finite numbers (x, y, x, y, …)"
            )
        if len(polygon) % 2:
            raise DatasetError(f"{where}: a polygon has an odd number of coordinates")
        for values, length in ((polygon[::2], width), (polygon[1::2], height)):
            # Memory and time of the library grow with the coordinates, until it crashes.
            if values and (min(values) < -length or max(values) > 2 * length):
                far = min(values) if min(values) < -length else max(values)
                raise DatasetError(
                    f"{where}: a polygon reaches to {far:g}, far outside the {width}×{height} "
                    "image; correct it"
                )
    parts = [polygon for polygon in polygons if len(polygon) >= _MIN_COORDINATES]
    if not parts:
        raise DatasetError(
            f"{where}: no polygon has three points, so it marks no pixel; remove or redraw it"
        )
    return parts


def _are_numbers(values: list) -> bool:
    try:
        # A sum is finite only where all of its parts are.
        return set(map(type, values)) <= {int, float} and isfinite(sum(values))
    except OverflowError:
        return False


def _check_run_lengths(segmentation: dict, height: int, width: int, where: str) -> None:
    """Refuse run lengths that do not fit the image.

    They are checked here because the library reads beyond its memory where they end early.
    """
    size, counts = segmentation["size"], segmentation["counts"]
    if size != [height, width]:
        raise DatasetError(
            f"{where}: its run lengths are for {_short(size)} pixels (height, width) but the image "
            f"has {[height, width]}"
        )
    try:
        runs = counts if isinstance(counts, list) else _decompress(counts)
        whole = all(type(run) is int and 0 <= run <= height * width for run in runs)
    except (TypeError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise DatasetError(f"{where}: its run lengths are damaged; fetch the file again")
    if sum(runs) != height * width:
        raise DatasetError(
            f"{where}: its run lengths add up to {sum(runs)} pixels but the image has "
            f"{height * width}; fetch the file again"
        )


def _short(value: object) -> str:
    """Return a value as text, cut off where it is long."""
    text = repr(value)
    return text if len(text) < 60 else f"{text[:60]}…"


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
