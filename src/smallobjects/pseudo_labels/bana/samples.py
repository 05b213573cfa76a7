"""The augmented crops on which BANA's classifier is trained."""

import numpy as np
from PIL import Image, ImageEnhance

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.bana.parameters import BoxClassifierParameters
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.training.augmentation import (
    crop_normalised,
    random_corner,
    rescale_image,
)

ENHANCERS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)


def jitter_colours(
    image: np.ndarray, strength: float, generator: np.random.Generator
) -> np.ndarray:
    """Change brightness, contrast and saturation, each by a factor in 1 ± strength.

    Args:
        image: H×W×3 uint8.
        strength: in [0, 1].
        generator: draws the factors.

    Returns:
        H×W×3 uint8.
    """
    changed = Image.fromarray(np.ascontiguousarray(image))
    for enhancer in ENHANCERS:
        changed = enhancer(changed).enhance(float(generator.uniform(1 - strength, 1 + strength)))
    return np.asarray(changed)


def cropped_boxes(boxes: np.ndarray, corner: tuple[int, int], size: int) -> np.ndarray:
    """Return the boxes that show in a crop, in its pixels and clipped to it.

    Args:
        boxes: K×5 float, class, x0, y0, x1, y1.
        corner: top and left of the crop, which may be negative.
        size: its side.

    Returns:
        L×5 float32, L <= K.
    """
    shift = np.array([0, corner[1], corner[0], corner[1], corner[0]])
    moved = boxes - shift
    moved[:, 1:] = moved[:, 1:].clip(0, size)
    shown = (moved[:, 1] < moved[:, 3]) & (moved[:, 2] < moved[:, 4])
    return moved[shown].astype(np.float32)


def background_of_crop(
    boxes: np.ndarray, corner: tuple[int, int], size: int, shape: tuple[int, int]
) -> np.ndarray:
    """Return size×size float32: 1 on pixels of the image outside every box.

    Args:
        boxes: L×5, class, x0, y0, x1, y1 in pixels of the crop; every touched pixel is inside.
        corner: top and left of the crop in the image.
        size: its side.
        shape: height and width of the image; what lies outside it is no background.
    """
    background = np.zeros((size, size), dtype=np.float32)
    top, left = corner
    rows = slice(max(0, -top), max(0, shape[0] - top))
    background[rows, max(0, -left) : max(0, shape[1] - left)] = 1
    for _, x0, y0, x1, y1 in boxes:
        background[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = 0
    return background


class BoxedSample:
    """Makes the crop, boxes and background of one training sample."""

    def __init__(self, dataset: PreparedDataset, parameters: BoxClassifierParameters) -> None:
        self._dataset = dataset
        self._boxes = AnnotatedBoxes(dataset)
        self._parameters = parameters

    def __call__(
        self, image_id: str, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return 3×crop×crop float32, K×5 float32 (class, x0, y0, x1, y1), crop×crop float32."""
        image = read_image(self._dataset, image_id)
        objects = self._boxes.of(image_id, image.shape[:2])
        rows = [(item.class_id, item.x0, item.y0, item.x1, item.y1) for item in objects]
        boxes = np.array(rows, dtype=np.float64).reshape(-1, 5)
        before = image.shape
        image = rescale_image(image, generator.uniform(*self._parameters.rescale))
        boxes[:, [1, 3]] *= image.shape[1] / before[1]
        boxes[:, [2, 4]] *= image.shape[0] / before[0]
        if generator.random() < 0.5:
            image = image[:, ::-1]
            boxes[:, [1, 3]] = image.shape[1] - boxes[:, [3, 1]]
        image = jitter_colours(image, self._parameters.colour_jitter, generator)
        size = self._parameters.crop_size
        corner = random_corner(*image.shape[:2], size, generator)
        boxes = cropped_boxes(boxes, corner, size)
        background = background_of_crop(boxes, corner, size, image.shape[:2])
        return crop_normalised(image, corner, size), boxes, background
