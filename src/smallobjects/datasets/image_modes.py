"""Kinds of images that every stage reads as the same pixels, and those that are refused.

Label networks read an image with Pillow, MMSegmentation with OpenCV. Of JPEG files both make the
same 8-bit RGB; of other files they may not: 16 bits are cut off by the one and scaled by the other.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from smallobjects.datasets.errors import UnfitImageError

MIN_SIDE = 4
"""Pixels; augmentation halves an image, and what has a side of one pixel is no image to OpenCV."""
_WIDE = ("I", "F")
_ORIENTATION = 0x0112
_TOLERANCE = 2
"""Of 255: by which the readers may round differently."""


def check_one_reading(path: Path, image: Image.Image) -> None:
    """Refuse an image that label stages and segmentors would read as different pixels.

    Args:
        path: of the file, which is read again if it is no JPEG.
        image: the file as Pillow opened it; its pixels are read if it is no JPEG.

    Raises:
        UnfitImageError: it has more than 8 bits a value, the readers disagree, or both turn it.
    """
    if image.mode.startswith(_WIDE):
        raise UnfitImageError(
            f"{path}: an image of mode {image.mode!r}, whose values have more than 8 bits, and "
            "stages would cut them off or scale them; save it as RGB or grey of 8 bits, with the "
            "range of values that is to be seen"
        )
    if image.format in ("JPEG", "MPO"):
        return
    if image.format == "TIFF" and image.getexif().get(_ORIENTATION, 1) != 1:
        raise UnfitImageError(
            f"{path}: a TIFF of mode {image.mode!r} with a mark of orientation, which readers heed "
            "in no other format, while masks refer to the stored pixels; save it as RGB "
            "without the mark"
        )
    seen, other = np.asarray(image.convert("RGB"), np.int16), _read_by_opencv(path)
    if other is None or other.shape != seen.shape or np.abs(seen - other).max() > _TOLERANCE:
        raise UnfitImageError(
            f"{path}: an image of format {image.format} and mode {image.mode!r}, which OpenCV "
            "(segmentors) does not read as Pillow (labels) does; save it as RGB or grey of 8 bits, "
            "as JPEG or PNG"
        )


def check_side(path: Path, height: int, width: int) -> None:
    """Refuse an image with a side of less than `MIN_SIDE` pixels.

    Raises:
        UnfitImageError: it has one.
    """
    if min(height, width) < MIN_SIDE:
        raise UnfitImageError(
            f"{path}: an image of {height}×{width} pixels (height×width); nothing can be trained "
            f"on fewer than {MIN_SIDE} pixels a side, so take it off the list"
        )


def _read_by_opencv(path: Path) -> np.ndarray | None:
    """Return H×W×3 int16 RGB, as MMSegmentation reads it; None if OpenCV cannot."""
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(
            np.fromfile(path, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)
    return None if pixels is None else pixels[..., ::-1].astype(np.int16)
