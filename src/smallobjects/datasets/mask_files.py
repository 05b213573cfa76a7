"""Masks as PNG files: written deterministically, read without any change of values."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from smallobjects.datasets.class_tables import voc_palette
from smallobjects.datasets.errors import DatasetError

_PALETTE = bytes(channel for colour in voc_palette(256) for channel in colour)


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write a mask: uint8 H×W as a palette PNG in the VOC colours, uint16 as a 16-bit grey PNG."""
    image = Image.fromarray(mask)
    if mask.dtype == np.uint8:
        image.putpalette(_PALETTE)
    image.save(path, format="PNG")


def read_mask(path: Path) -> np.ndarray:
    """Return an 8-bit mask (palette index or grey value) as H×W uint8.

    Raises:
        DatasetError: the file is missing, unreadable, or holds anything else than 8-bit values.
    """
    try:
        with Image.open(path) as image:
            if image.mode not in ("P", "L"):
                raise DatasetError(
                    f"{path}: a mask must be an 8-bit palette or grey PNG, this one has mode "
                    f"{image.mode!r}; take the original mask instead of a coloured copy"
                )
            return np.array(image)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such mask; the raw data is incomplete") from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DatasetError(f"{path}: unreadable mask ({error}); fetch it again") from error


def read_image_size(path: Path) -> tuple[int, int]:
    """Return height and width of an image file; only its header is read.

    Raises:
        DatasetError: the file is missing or is no image.
    """
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such image; the raw data is incomplete") from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DatasetError(f"{path}: unreadable image ({error}); fetch it again") from error


def check_same_size(
    first: Path, first_size: tuple[int, ...], second: Path | str, second_size: tuple[int, ...]
) -> None:
    """Refuse two sources of one image that differ in height or width.

    Raises:
        DatasetError: they do.
    """
    if tuple(first_size) != tuple(second_size):
        raise DatasetError(
            f"{first} has {first_size[0]}×{first_size[1]} pixels (height×width) but {second} has "
            f"{second_size[0]}×{second_size[1]}; they must be the same image"
        )
