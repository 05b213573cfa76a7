"""The images that join the fine-tuning of another image (RIB): of its classes they have none."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.loader_processes import tell_of_lost_batches
from smallobjects.pseudo_labels.cams.classifier import ClassificationSample, multi_hot
from smallobjects.pseudo_labels.rib.parameters import RibParameters

Batch = tuple[int, int, Tensor, Tensor]


class CompanionChoice:
    """Chooses companions as a function of seed, image and step alone."""

    def __init__(self, dataset: PreparedDataset, image_ids: list[str], seed: int) -> None:
        """Index the images to choose from; those without a class have no loss and are left out."""
        targets = np.stack([multi_hot(dataset, image_id) > 0 for image_id in image_ids])
        labelled = targets.any(axis=1)
        self._targets = targets[labelled]
        self._image_ids = np.array(image_ids)[labelled]
        self._seed = seed

    def generator(self, image_id: str, *numbers: int) -> np.random.Generator:
        """Return the randomness of an image."""
        return np.random.default_rng([self._seed, *numbers, *image_id.encode()])

    def of(self, image_id: str, classes: tuple[int, ...], step: int, count: int) -> list[str]:
        """Return up to `count` different images that have none of the classes of an image.

        Steps walk through one random order, so that none is taken twice before each was taken once.
        """
        shared = self._targets[:, [class_id - 1 for class_id in classes]].any(axis=1)
        order = self.generator(image_id, 0).permutation(np.flatnonzero(~shared))
        places = [(step * count + k) % len(order) for k in range(min(count, len(order)))]
        return [str(self._image_ids[order[place]]) for place in places]


class _CompanionBatches(Dataset):
    """The companions of a step of an image, by (number of the image, step)."""

    def __init__(
        self,
        dataset: PreparedDataset,
        image_ids: list[str],
        choice: CompanionChoice,
        parameters: RibParameters,
    ) -> None:
        self._dataset = dataset
        self._image_ids = image_ids
        self._choice = choice
        self._parameters = parameters
        # A companion is augmented as in the training of the classifier.
        self._sample = ClassificationSample(dataset, parameters)

    def __getitem__(self, place: tuple[int, int]) -> tuple[int, int, np.ndarray, np.ndarray]:
        number, step = place
        image_id = self._image_ids[number]
        classes = self._dataset.image_classes[image_id]
        chosen = self._choice.of(image_id, classes, step, self._parameters.companions)
        size = self._parameters.crop_size
        images = np.zeros((len(chosen), 3, size, size), dtype=np.float32)
        targets = np.zeros((len(chosen), self._dataset.num_classes - 1), dtype=np.float32)
        for row, companion in enumerate(chosen):
            generator = self._choice.generator(image_id, 1, step, row)
            images[row], targets[row] = self._sample(companion, generator)
        return number, step, images, targets


class Companions:
    """Loads the companions of many images ahead of their use, step by step."""

    def __init__(
        self,
        dataset: PreparedDataset,
        image_ids: list[str],
        choice: CompanionChoice,
        parameters: RibParameters,
        *,
        workers: int,
        pin_memory: bool,
    ) -> None:
        """Prepare to load.

        Args:
            dataset: the prepared dataset.
            image_ids: the images to be fine-tuned on, in this order; each has a class.
            choice: chooses their companions.
            parameters: how many they are and how they are cropped.
            workers: loader processes; they do not change what is loaded.
            pin_memory: load into memory from which a GPU copies faster.
        """
        self._count = len(image_ids)
        self._steps = parameters.steps
        self._current = 0
        batches = _CompanionBatches(dataset, image_ids, choice, parameters)
        self._batches: Iterator[Batch] = iter(
            DataLoader(
                batches,
                batch_size=None,
                sampler=self._places(),
                num_workers=workers,
                pin_memory=pin_memory,
                generator=torch.Generator(),
                worker_init_fn=tell_of_lost_batches,
            )
        )

    def _places(self) -> Iterator[tuple[int, int]]:
        for number in range(self._count):
            for step in range(self._steps):
                if number < self._current:
                    break  # Its fine-tuning has stopped early.
                yield number, step

    def of(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batch of each step of image `number`: B×3×crop×crop and B×C float32.

        Images are asked for in their order; a batch of an earlier one that stopped is dropped.
        """
        self._current = number
        for found, step, images, targets in self._batches:
            if found == number:
                yield images, targets
                if step == self._steps - 1:
                    return
