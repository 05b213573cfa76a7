"""Reading the PNG masks that are scored."""

import struct
import zlib
from pathlib import Path

import numpy as np

from smallobjects.image_lists import files_by_id
from smallobjects.integrity.pictures import read_values
from smallobjects.integrity.png import SIGNATURE, check_png

_GREY, _PALETTE = 0, 3
_COLOUR_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}


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
            content = file.read()
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no {purpose} of this image") from None
    except OSError as error:
        raise ValueError(f"{path}: this {purpose} cannot be read ({error})") from error
    _check_header(content, path, purpose)
    try:
        check_png(content)
        mask = _plain_bytes(content)
        if mask is None:
            mask = read_values(content)
    except (OSError, SyntaxError, ValueError, zlib.error) as error:
        raise ValueError(f"{path}: this {purpose} is damaged ({error}); make it again") from error
    return mask if mask.dtype == np.uint8 else mask.astype(np.uint16, copy=False)


def _check_header(content: bytes, path: Path, purpose: str) -> None:
    """Refuse what is no PNG or holds no ids, by its signature, and the depth and type of the image.

    Raises:
        ValueError: it is such a file.
    """
    if not content.startswith(SIGNATURE) or len(content) < 33 or content[12:16] != b"IHDR":
        raise ValueError(f"{path}: this {purpose} is not a PNG file; masks are PNG")
    bits, colour_type = content[24], content[25]
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


def _plain_bytes(content: bytes) -> np.ndarray | None:
    """Decode a palette PNG of one byte a pixel; None for any other file, or if rows are filtered.

    Writers filter the rows of grey images, but not those of palette images. Inflating these at
    once, instead of row by row, takes three quarters of the time.

    Args:
        content: a file whose chunks are whole.

    Raises:
        ValueError: there are fewer or more bytes than the image has.
        zlib.error: they cannot be inflated.
    """
    width, height, bits, colour_type, _, _, interlaced = struct.unpack_from(">2I5B", content, 16)
    if (bits, colour_type, interlaced) != (8, _PALETTE, 0) or 0 in (width, height):
        return None
    parts, position = [], len(SIGNATURE)
    while (name := content[position + 4 : position + 8]) != b"IEND":
        end = position + 8 + int.from_bytes(content[position : position + 4], "big")
        if name == b"IDAT":
            parts.append(content[position + 8 : end])
        position = end + 4
    size = height * (width + 1)
    inflater = zlib.decompressobj()
    rows = inflater.decompress(b"".join(parts), size + 1)
    if len(rows) != size or not inflater.eof:
        raise ValueError("it holds fewer or more pixels than it announces")
    # The first byte of a row says how it is stored.
    mask = np.frombuffer(rows, np.uint8).reshape(height, width + 1)
    return None if mask[:, 0].any() else np.ascontiguousarray(mask[:, 1:])


def masks_of(folder: Path) -> dict[str, Path]:
    """Return the PNG files of a folder by image id, sorted; see `files_by_id`.

    Raises:
        ValueError: there is none, or an image has two.
    """
    masks = files_by_id(folder, ".png")
    if not masks:
        raise ValueError(f"{folder}: no PNG files in this folder")
    return masks
