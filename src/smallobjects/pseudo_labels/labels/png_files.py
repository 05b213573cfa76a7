"""PNG files that come from outside, judged by their headers before their pixels are unpacked."""

import struct
from dataclasses import dataclass

import numpy as np

from smallobjects.integrity.pictures import read_values
from smallobjects.integrity.png import SIGNATURE
from smallobjects.pseudo_labels.errors import BadInputError

GREY, PALETTE = 0, 3
COLOUR_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}


@dataclass(frozen=True)
class PngContent:
    """What is expected in PNG files, and what an error advises."""

    colour_types: tuple[int, ...]
    """GREY, PALETTE or both."""
    format_advice: str
    size_advice: str


def read_png(
    content: bytes, shape: tuple[int, int], expected: PngContent, title: str
) -> np.ndarray:
    """Return the values of an 8-bit PNG of a known size, as they are stored.

    The header is judged before the pixels are unpacked: colour has no single values, grey of 1, 2
    or 4 bits would be stretched to 0..255, and a huge image fills the memory.

    Args:
        content: the file.
        shape: height and width of the image it belongs to.
        expected: what the file must be.
        title: what an error calls it.

    Returns:
        H×W uint8.

    Raises:
        BadInputError: it is not a whole PNG file, of another kind, or of another size.
    """
    if not content.startswith(SIGNATURE) or len(content) < 26:
        raise BadInputError(f"{title}: not a PNG file; {expected.format_advice}")
    width, height, depth, kind = struct.unpack(">IIBB", content[16:26])
    if kind not in expected.colour_types or depth > 8 or (kind == GREY and depth < 8):
        raise BadInputError(
            f"{title}: a {depth}-bit {COLOUR_TYPES.get(kind, 'unknown')} PNG; "
            f"{expected.format_advice}"
        )
    if (height, width) != shape:
        raise BadInputError(
            f"{title}: {width}×{height} pixels, but its image has {shape[1]}×{shape[0]}; "
            f"{expected.size_advice}"
        )
    try:
        return read_values(content)
    except (OSError, SyntaxError, ValueError) as error:
        raise BadInputError(f"{title}: cannot be read ({error}); replace the file") from error
