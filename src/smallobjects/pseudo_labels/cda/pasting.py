"""Pasting a cut object into an image (CDA, section 3.3): turned, shrunk, at a random place."""

import numpy as np
from PIL import Image

from smallobjects.pseudo_labels.cda.parameters import PastedClassifierParameters


def turn(image: np.ndarray, mask: np.ndarray, degrees: int) -> tuple[np.ndarray, np.ndarray]:
    """Turn an object counter-clockwise; the result is as large as it needs to be.

    The mask is turned by nearest neighbour: it stays hard. (The public code turns class ids by
    splines, whose overshoot adds stray pixels.)

    Args:
        image: h×w×3 uint8.
        mask: h×w bool.
        degrees: the angle.
    """
    if degrees == 0:
        return image, mask
    turned = Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    shape = Image.fromarray(mask.astype(np.uint8)).rotate(
        degrees, Image.Resampling.NEAREST, expand=True
    )
    return np.asarray(turned), np.asarray(shape).astype(bool)


def fitted_size(size: tuple[int, int], canvas: tuple[int, int], largest: float) -> tuple[int, int]:
    """Return the height and width of an object that is shrunk, never enlarged, to fit an image.

    Args:
        size: height and width of the object.
        canvas: height and width of the image.
        largest: share of either that the object may take; its aspect is kept.
    """
    scale = min(1.0, *(largest * room / side for side, room in zip(size, canvas, strict=True)))
    height, width = (max(1, int(side * scale)) for side in size)
    return height, width


def resize_object(
    image: np.ndarray, mask: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Resize an object to height and width: its image bilinearly, its mask by nearest neighbour."""
    if mask.shape == size:
        return image, mask
    shape = (size[1], size[0])
    small = Image.fromarray(image).resize(shape, Image.Resampling.BILINEAR)
    hard = Image.fromarray(mask.astype(np.uint8)).resize(shape, Image.Resampling.NEAREST)
    return np.asarray(small), np.asarray(hard).astype(bool)


def paste(
    canvas: np.ndarray, image: np.ndarray, mask: np.ndarray, corner: tuple[int, int]
) -> np.ndarray:
    """Return a copy of an H×W×3 image with an object whose upper left corner is at `corner`."""
    pasted = canvas.copy()
    height, width = mask.shape
    pasted[corner[0] : corner[0] + height, corner[1] : corner[1] + width][mask] = image[mask]
    return pasted


def paste_at_random(
    canvas: np.ndarray,
    image: np.ndarray,
    mask: np.ndarray,
    parameters: PastedClassifierParameters,
    generator: np.random.Generator,
) -> np.ndarray | None:
    """Turn an object by a random whole angle, shrink it and paste it at a random place.

    Args:
        canvas: H×W×3 uint8, the image that receives it.
        image: h×w×3 uint8, the object's.
        mask: h×w bool, the object's.
        parameters: the largest angle and size.
        generator: the source of randomness.

    Returns:
        H×W×3 uint8, or `None` where shrinking leaves no pixel of the object.
    """
    degrees = int(generator.integers(-parameters.rotation, parameters.rotation + 1))
    image, mask = turn(image, mask, degrees)
    size = fitted_size(mask.shape, canvas.shape[:2], parameters.largest_side)
    image, mask = resize_object(image, mask, size)
    top, left = (
        int(generator.integers(room - side + 1))
        for room, side in zip(canvas.shape[:2], size, strict=True)
    )
    return paste(canvas, image, mask, (top, left)) if mask.any() else None
