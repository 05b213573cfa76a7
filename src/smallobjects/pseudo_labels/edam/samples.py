"""Training samples of EDAM: two augmented images, the judged classes and whether they show them."""

import numpy as np
from torch.utils.data import Dataset

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.attention.samples import jitter_colours
from smallobjects.pseudo_labels.edam.pairs import judged_classes, pairs_of_passes
from smallobjects.pseudo_labels.edam.parameters import EdamParameters
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.training.augmentation import (
    crop_normalised,
    random_corner,
    random_flip,
    random_long_side_scale,
    rescale_image,
)

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]


class PairSequence(Dataset):
    """All samples of a training, in the order they are used; each is a function of its place."""

    def __init__(
        self,
        dataset: PreparedDataset,
        image_ids: list[str],
        parameters: EdamParameters,
        seed: int,
    ) -> None:
        """Pair the images of all passes; a list shorter than a batch is repeated.

        Raises:
            BadInputError: no image has a class.
        """
        self._dataset = dataset
        self._parameters = parameters
        self._seed = seed
        self._pairs = pairs_of_passes(image_ids, dataset.image_classes, parameters.passes, seed)
        num_classes = dataset.num_classes - 1
        self._judged = min(parameters.classes_per_pair or num_classes, num_classes)

    def __len__(self) -> int:
        return max(len(self._pairs), self._parameters.batch_size)

    def __getitem__(self, position: int) -> Sample:
        """Return 2×3×crop×crop float32, S int64 class ids, and 2×S float32, 1 where shown."""
        pair = self._pairs[position % len(self._pairs)]
        generator = np.random.default_rng([self._seed, 1, position])
        names = (pair.first, pair.second)
        images = np.stack([self._augmented(name, generator) for name in names])
        shown = [self._dataset.image_classes[name] for name in names]
        classes = judged_classes(
            [*shown[0], *shown[1]],
            pair.class_id,
            self._dataset.num_classes - 1,
            self._judged,
            generator,
        )
        targets = np.stack([np.isin(classes, ids) for ids in shown]).astype(np.float32)
        return images, classes, targets

    def _augmented(self, image_id: str, generator: np.random.Generator) -> np.ndarray:
        parameters = self._parameters
        image = read_image(self._dataset, image_id)
        limits = parameters.resize_long_side
        image = rescale_image(image, random_long_side_scale(image, limits, generator))
        [image] = random_flip([image], generator)
        image = jitter_colours(np.ascontiguousarray(image), parameters.colour_jitter, generator)
        corner = random_corner(*image.shape[:2], parameters.crop_size, generator)
        return crop_normalised(image, corner, parameters.crop_size)
