"""Training samples of networks that learn from seeds: an augmented image and its small seed."""

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.cams.strides import STRIDE, strided_size
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.labels.archive import LabelArchives
from smallobjects.pseudo_labels.training.augmentation import (
    VOID,
    crop_normalised,
    random_corner,
    random_flip,
    rescale_image,
    rescale_label,
    window,
)


def strided_label(label: np.ndarray, stride: int = STRIDE) -> np.ndarray:
    """Return H×W labels by nearest neighbour at a stride: ceil(H / stride)×ceil(W / stride)."""
    height, width = label.shape
    rows, columns = (
        np.minimum(np.arange(length) * stride + stride // 2, limit - 1)
        for length, limit in zip(strided_size(height, width, stride), (height, width), strict=True)
    )
    return label[np.ix_(rows, columns)]


def read_seed(seeds: LabelArchives, image_id: str, shape: tuple[int, int]) -> np.ndarray:
    """Return the seed of an image of a height and width, H×W uint8.

    Raises:
        BadInputError: it has another size.
    """
    seed = seeds.read(image_id)
    if seed.shape != shape:
        raise BadInputError(
            f"seed of image {image_id}: {seed.shape[1]}×{seed.shape[0]} pixels, the image has "
            f"{shape[1]}×{shape[0]}; run `smallobjects make-seeds` again"
        )
    return seed


class SeedSample:
    """Makes the augmented image and the small seed of one training sample."""

    def __init__(
        self,
        dataset: PreparedDataset,
        seeds: LabelArchives,
        *,
        rescale: tuple[float, float],
        crop_size: int,
        stride: int,
    ) -> None:
        self._dataset = dataset
        self._seeds = seeds
        self._rescale = rescale
        self._crop_size = crop_size
        self._stride = stride

    def __call__(
        self, image_id: str, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return 3×crop×crop float32 and ceil(crop / stride)×ceil(crop / stride) uint8."""
        image = read_image(self._dataset, image_id)
        seed = read_seed(self._seeds, image_id, image.shape[:2])
        scale = generator.uniform(*self._rescale)
        image, seed = rescale_image(image, scale), rescale_label(seed, scale)
        image, seed = random_flip([image, seed], generator)
        size = self._crop_size
        corner = random_corner(*seed.shape, size, generator)
        return (
            crop_normalised(image, corner, size),
            strided_label(window(seed, corner, size, VOID), self._stride),
        )
