"""Masks as PNG files, written deterministically and read without any change of values; images."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from smallobjects.datasets.class_tables import voc_palette
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.image_modes import check_one_reading
from smallobjects.integrity.pictures import open_png, open_whole, read_pixels

Content = TypeVar("Content")
_PALETTE = bytes(channel for colour in voc_palette(256) for channel in colour)
_UNREADABLE = (OSError, SyntaxError)
_BIT_DEPTH = 24
"""Where the header of a PNG has its bits per value."""


def encode_mask(mask: np.ndarray) -> bytes:
    """Return a PNG file: of uint8 H×W with the VOC palette, of uint16 in grey of 16 bits."""
    image = Image.fromarray(mask)
    if mask.dtype == np.uint8:
        image.putpalette(_PALETTE)
    file = io.BytesIO()
    # Masks are made of runs: looking for nothing else takes a third of the time, and the files
    # are a fifth larger.
    image.save(file, format="PNG", compress_type=zlib.Z_RLE)
    return file.getvalue()


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Write a mask as `encode_mask` describes."""
    path.write_bytes(encode_mask(mask))


def read_mask(path: Path) -> np.ndarray:
    """Return an 8-bit mask (palette index or grey value) as H×W uint8.

    Raises:
        DatasetError: the file is missing, no PNG, unreadable, or holds anything else than values
            of up to 8 bits.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such mask; the raw data is incomplete") from error
    except OSError as error:
        raise DatasetError(f"{path}: unreadable mask ({error}); fetch it again") from error
    return decode_mask(content, path, ("P", "L")).astype(np.uint8, copy=False)


def decode_mask(content: bytes, path: Path, modes: tuple[str, ...]) -> np.ndarray:
    """Return the values of a PNG file as H×W uint8 or, of a mode of 16 bits, uint16.

    Args:
        content: of the file.
        path: its name, for messages.
        modes: Pillow's modes that are allowed: P and L of 8 bits, I;16 of 16 bits.

    Raises:
        DatasetError: it is no PNG file, it is damaged, or of another mode.
    """
    try:
        with open_png(content) as image:
            if image.mode not in modes:
                raise DatasetError(
                    f"{path}: a mask must be a PNG of values (mode {' or '.join(modes)}), this "
                    f"one has mode {image.mode!r}; take the original mask, not a coloured copy"
                )
            if image.mode == "L" and content[_BIT_DEPTH] != 8:
                # Readers stretch such values to 0..255: class 1 would become 17 or 85.
                raise DatasetError(
                    f"{path}: a grey mask of {content[_BIT_DEPTH]} bits per value; save it with 8"
                )
            return np.array(image)
    except _UNREADABLE as error:
        raise DatasetError(
            f"{path}: unreadable mask, or no PNG file ({error}); fetch it again"
        ) from error


def read_image_size(path: Path) -> tuple[int, int]:
    """Return height and width of an image whose whole content can be decoded, as it is stored.

    A mark in the file that says how to turn the image (EXIF) has no say: masks and boxes refer to
    the pixels as they are stored, and every stage reads them so.

    Raises:
        DatasetError: the file is missing, is no image, is damaged, or would be read as other pixels
            by some stages (see `check_one_reading`).
    """
    try:
        with open_whole(path.read_bytes()) as image:
            check_one_reading(path, image)
            return image.height, image.width
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such image; the raw data is incomplete") from error
    except _UNREADABLE as error:
        raise DatasetError(f"{path}: unreadable image ({error}); fetch it again") from error


def read_rgb(path: Path) -> np.ndarray:
    """Return an image as H×W×3 uint8 RGB, as it is stored; grey and CMYK are converted.

    Raises:
        DatasetError: the file is missing, is no image of 8 bits, or is damaged.
    """
    try:
        return read_pixels(path.read_bytes())
    except _UNREADABLE as error:
        raise DatasetError(f"{path}: unreadable image ({error}); fetch it again") from error


def decoded(path: Path, decode: Callable[[bytes], Content], remedy: str) -> Content:
    """Return what `decode` makes of a file's content.

    Raises:
        DatasetError: the file is missing or damaged; the message ends with the remedy.
    """
    try:
        return decode(path.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); {remedy}") from error


def encode_jpeg(pixels: np.ndarray) -> bytes:
    """Return a JPEG file of an H×W×3 uint8 RGB image, with hardly a visible loss."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG", quality=95, subsampling=0)
    return file.getvalue()


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
