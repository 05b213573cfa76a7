"""Reading the PNG masks that are scored."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

_GREY, _PALETTE = 0, 3
_COLOUR_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_mask(path: Path, purpose: str) -> np.ndarray:
    """Read a mask whose values are classes or instance ids.

    Args:
        path: a PNG: palette (its indices are the values), or grey of 8 or 16 bits.
        purpose: what the mask is, for messages, such as "prediction".

    Returns:
        H×W uint8 or uint16.

    Raises:
        ValueError: the file is missing, not a PNG, damaged, or holds colours instead of values.
    """
    try:
        with path.open("rb") as file:
            _check_header(file.read(26), path, purpose)
            file.seek(0)
            mask = _decode(file, path, purpose)
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no {purpose} of this image") from None
    except OSError as error:
        raise ValueError(f"{path}: this {purpose} cannot be read ({error})") from error
    return mask if mask.dtype == np.uint8 else mask.astype(np.uint16, copy=False)


def _check_header(header: bytes, path: Path, purpose: str) -> None:
    """Refuse what is no PNG or holds no ids, by its signature, and the depth and type of the image.

    Raises:
        ValueError: it is such a file.
    """
    if not header.startswith(_SIGNATURE) or len(header) < 26:
        raise ValueError(f"{path}: this {purpose} is not a PNG file; masks are PNG")
    bits, colour_type = header[24], header[25]
    if colour_type not in (_GREY, _PALETTE):
        kind = _COLOUR_TYPES.get(colour_type, f"colour type {colour_type}")
        raise ValueError(
            f"{path}: this {purpose} is a {kind} image, whose colours are no ids; "
            "save a palette or grey PNG that holds the ids themselves"
        )
    if colour_type == _GREY and bits not in (8, 16):
        # Readers stretch such values to 0..255, so that class 1 becomes 17, 85 or 255.
        raise ValueError(
            f"{path}: this {purpose} is a grey PNG of {bits} bits; save it with 8 or 16 bits"
        )


def _decode(file: BinaryIO, path: Path, purpose: str) -> np.ndarray:
    try:
        with Image.open(file, formats=["PNG"]) as image:
            return np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: this {purpose} is damaged ({error}); make it again") from error


def images_of(folder: Path) -> list[str]:
    """Return the ids of all PNG files of a folder, sorted.

    Raises:
        ValueError: there is none.
    """
    images = sorted(path.stem for path in folder.glob("*.png"))
    if not images:
        raise ValueError(f"{folder}: no PNG files in this folder")
    return images
