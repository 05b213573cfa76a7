"""Images and masks, opened when their content is found whole, as far as their format can tell."""

from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from smallobjects.integrity import jpeg, png
from smallobjects.integrity.errors import ContentError

_WIDE = ("I", "F")
"""Beginnings of Pillow's modes whose values go beyond 0..255."""


def open_png(content: bytes) -> Image.Image:
    """Return a PNG image whose checksums fit; its header is read, its pixels are not.

    Raises:
        ContentError: it is no whole PNG file.
    """
    png.check_png(content)
    return _open(content, ["PNG"])


def open_whole(content: bytes) -> Image.Image:
    """Return an image of any format and mode that Pillow knows.

    A PNG file must be whole by its checksums, a JPEG file by what libjpeg says of it. Other formats
    are as whole as Pillow finds them when it decodes them.

    Raises:
        ContentError: it is no image, or damaged.
    """
    if content.startswith(png.SIGNATURE):
        png.check_png(content)
    elif content.startswith(jpeg.SIGNATURE):
        jpeg.check_jpeg(content)
    return _open(content, None)


def open_picture(content: bytes) -> Image.Image:
    """Return an image whose pixels are of 8 bits; see `open_whole`.

    Raises:
        ContentError: it is no image, damaged, or has values beyond 0..255, which Pillow cuts off
            and OpenCV divides.
    """
    image = open_whole(content)
    if image.mode.startswith(_WIDE):
        raise ContentError(
            f"its values are not of 8 bits (mode {image.mode}), and programs differ in how they "
            "convert them; save it with 8 bits"
        )
    return image


def read_pixels(content: bytes) -> np.ndarray:
    """Return an image as H×W×3 uint8 RGB, as it is stored; grey and CMYK are converted.

    Raises:
        ContentError: as `open_picture`.
        OSError, SyntaxError: Pillow cannot decode it.
    """
    with open_picture(content) as image:
        return np.asarray(image.convert("RGB"))


def read_values(content: bytes) -> np.ndarray:
    """Return the values in a PNG: H×W palette indices or grey values, as Pillow reads them.

    Raises:
        ContentError: it is no whole PNG file.
        OSError, SyntaxError, ValueError: Pillow cannot decode it.
    """
    with open_png(content) as image:
        return np.asarray(image)


def read_shape(content: bytes) -> tuple[int, int]:
    """Return height and width of a PNG image.

    Raises:
        ContentError: it is no whole PNG file.
    """
    with open_png(content) as image:
        return image.height, image.width


def _open(content: bytes, formats: list[str] | None) -> Image.Image:
    try:
        return Image.open(BytesIO(content), formats=formats)
    except UnidentifiedImageError:
        # Its own message names an object in memory.
        raise ContentError("no image of a format that is known") from None
    except Image.DecompressionBombError as error:
        raise ContentError(str(error)) from error
