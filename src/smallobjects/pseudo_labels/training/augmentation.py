"""Resizing, flipping, cropping and normalising of images, alone or together with their labels.

Functions take H×W×3 uint8 RGB images (and H×W uint8 labels) and draw from the generator that they
are given, so that a sample's randomness is a function of its place in the training alone.
"""

from typing import Protocol

import numpy as np
from PIL import Image

from smallobjects.backbones.imagenet import IMAGENET_MEAN, IMAGENET_STD

VOID = 255
_MEAN = np.array(IMAGENET_MEAN, dtype=np.float32)
_STD = np.array(IMAGENET_STD, dtype=np.float32)


def normalise(image: np.ndarray) -> np.ndarray:
    """Return an H×W×3 uint8 image as 3×H×W float32, normalised by ImageNet's mean and deviation."""
    scaled = (image.astype(np.float32) / 255 - _MEAN) / _STD
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def scaled_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Return height and width times `scale`, rounded, at least one pixel."""
    return max(1, round(height * scale)), max(1, round(width * scale))


def rescale_image(image: np.ndarray, scale: float) -> np.ndarray:
    """Return the image resized by bicubic interpolation."""
    height, width = scaled_size(*image.shape[:2], scale)
    if (height, width) == image.shape[:2]:
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def rescale_label(label: np.ndarray, scale: float) -> np.ndarray:
    """Return the label map resized by nearest neighbour."""
    height, width = scaled_size(*label.shape, scale)
    if (height, width) == label.shape:
        return label
    return np.asarray(Image.fromarray(label).resize((width, height), Image.Resampling.NEAREST))


def random_long_side_scale(
    image: np.ndarray, limits: tuple[int, int], generator: np.random.Generator
) -> float:
    """Return the scale that brings the longer side to a random length within the limits."""
    return int(generator.integers(limits[0], limits[1] + 1)) / max(image.shape[:2])


def random_flip(arrays: list[np.ndarray], generator: np.random.Generator) -> list[np.ndarray]:
    """Mirror all H×W×… arrays left to right, or none."""
    if generator.random() < 0.5:
        return [array[:, ::-1] for array in arrays]
    return arrays


def window(array: np.ndarray, corner: tuple[int, int], size: int, fill: float) -> np.ndarray:
    """Return the size×size×… window whose upper left corner lies at `corner`.

    The corner may be negative; what lies outside the array is `fill`.
    """
    crop = np.full((size, size, *array.shape[2:]), fill, dtype=array.dtype)
    top, left = corner
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(array.shape[0], top + size), min(array.shape[1], left + size)
    crop[y0 - top : y1 - top, x0 - left : x1 - left] = array[y0:y1, x0:x1]
    return crop


def random_corner(
    height: int, width: int, size: int, generator: np.random.Generator
) -> tuple[int, int]:
    """Return the corner of a random window: inside the image, or around it where it is smaller."""

    def along(length: int) -> int:
        space = length - size
        return int(generator.integers(min(0, space), max(0, space) + 1))

    return along(height), along(width)


def crop_normalised(image: np.ndarray, corner: tuple[int, int], size: int) -> np.ndarray:
    """Return a crop as 3×size×size float32; pixels outside the image are 0 (the mean colour)."""
    normalised = normalise(image).transpose(1, 2, 0)
    return np.ascontiguousarray(window(normalised, corner, size, 0).transpose(2, 0, 1))


class CropParameters(Protocol):
    """What `augment` reads of the settings of a training."""

    @property
    def crop_size(self) -> int:
        """Height and width of a crop."""

    @property
    def resize_long_side(self) -> tuple[int, int]:
        """The range of the longer side before cropping."""


def augment(
    image: np.ndarray, parameters: CropParameters, generator: np.random.Generator
) -> np.ndarray:
    """Resize, flip and crop an H×W×3 uint8 image at random; return 3×crop×crop float32."""
    limits = parameters.resize_long_side
    image = rescale_image(image, random_long_side_scale(image, limits, generator))
    [image] = random_flip([image], generator)
    corner = random_corner(*image.shape[:2], parameters.crop_size, generator)
    return crop_normalised(image, corner, parameters.crop_size)
