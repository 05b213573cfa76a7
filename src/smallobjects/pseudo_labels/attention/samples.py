"""Training samples that are whole images, squeezed to squares, with jittered colours."""

import numpy as np
from PIL import Image
from torchvision.transforms import functional

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.cams.classifier import multi_hot
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.training.augmentation import normalise


def squeeze(image: np.ndarray, size: int) -> np.ndarray:
    """Return an H×W×3 uint8 image as size×size×3, bilinearly, whatever its shape."""
    square = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(square)


def jitter_colours(
    image: np.ndarray, limits: tuple[float, float, float, float], generator: np.random.Generator
) -> np.ndarray:
    """Change brightness, contrast, saturation and hue at random, in random order.

    Args:
        image: H×W×3 uint8 RGB.
        limits: the first three are changed by factors drawn from [max(0, 1 − x), 1 + x], hue is
            turned by a share of the circle drawn from [−x, x].
        generator: gives order and amounts.
    """
    changes = (
        functional.adjust_brightness,
        functional.adjust_contrast,
        functional.adjust_saturation,
        functional.adjust_hue,
    )
    *factors, hue = limits
    amounts = [generator.uniform(max(0.0, 1 - limit), 1 + limit) for limit in factors]
    amounts.append(generator.uniform(-hue, hue))
    changed = Image.fromarray(image)
    for index in generator.permutation(len(changes)):
        if limits[index] > 0:
            changed = changes[index](changed, amounts[index])
    return np.asarray(changed)


class SquareSample:
    """Makes the jittered square image, the target and the number of one training sample."""

    def __init__(
        self,
        dataset: PreparedDataset,
        image_ids: list[str],
        input_size: int,
        colour_jitter: tuple[float, float, float, float],
    ) -> None:
        self._dataset = dataset
        self._numbers = {image_id: number for number, image_id in enumerate(image_ids)}
        self._size = input_size
        self._jitter = colour_jitter

    def __call__(
        self, image_id: str, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return 3×S×S float32, C float32 and the place of the image in the list, as an int64."""
        square = squeeze(read_image(self._dataset, image_id), self._size)
        image = normalise(jitter_colours(square, self._jitter, generator))
        return image, self.target(image_id), np.int64(self._numbers[image_id])

    def target(self, image_id: str) -> np.ndarray:
        """Return what the network is to learn of an image: its classes, C float32."""
        return multi_hot(self._dataset, image_id)
