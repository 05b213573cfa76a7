"""The order of training samples and the randomness of each, as functions of seed and position.

Loader processes come and go without changing a result: nothing is drawn from a shared state.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from smallobjects.loader_processes import prepare_loader

Sample = tuple[np.ndarray, ...]
MakeSample = Callable[[str, np.random.Generator], Sample]


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Return the number of full batches in an epoch, at least one."""
    return max(1, images // batch_size)


class SampleSequence(Dataset):
    """All samples of a training, in the order they are used."""

    def __init__(
        self,
        image_ids: Sequence[str],
        make_sample: MakeSample,
        *,
        batch_size: int,
        epochs: int,
        seed: int,
        complete: bool = False,
    ) -> None:
        """Lay the samples out.

        Args:
            image_ids: the images.
            make_sample: makes the sample of an image.
            batch_size: images of a batch.
            epochs: how often the images are used.
            seed: of order and randomness.
            complete: whether every epoch has every image: its last batch is then filled with images
                of its beginning. Otherwise images that fill no batch are dropped.
        """
        self._image_ids = list(image_ids)
        self._make_sample = make_sample
        self.steps_per_epoch = (
            -(-len(image_ids) // batch_size)
            if complete
            else steps_per_epoch(len(image_ids), batch_size)
        )
        self._per_epoch = self.steps_per_epoch * batch_size
        self._length = self._per_epoch * epochs
        self._seed = seed

    def __len__(self) -> int:
        return self._length

    def image_id(self, position: int) -> str:
        """Return the image at a position: each epoch is a permutation of its own.

        A batch larger than the data set takes images again.
        """
        epoch, place = divmod(position, self._per_epoch)
        order = np.random.default_rng([self._seed, 0, epoch]).permutation(len(self._image_ids))
        return self._image_ids[order[place % len(order)]]

    def __getitem__(self, position: int) -> Sample:
        generator = np.random.default_rng([self._seed, 1, position])
        return self._make_sample(self.image_id(position), generator)


def stack_padded(samples: Sequence[Sample]) -> list[torch.Tensor]:
    """Stack samples whose arrays differ in size, filled up with zeros at the end of each side."""

    def padded(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        space = zip(shape, array.shape, strict=True)
        return np.pad(array, [(0, large - small) for large, small in space])

    batch = []
    for arrays in zip(*samples, strict=True):
        shape = tuple(max(sizes) for sizes in zip(*(a.shape for a in arrays), strict=True))
        batch.append(torch.from_numpy(np.stack([padded(array, shape) for array in arrays])))
    return batch


class Batches:
    """The batches of a sequence, stacked; a training may come in at any of them."""

    def __init__(
        self,
        samples: SampleSequence,
        batch_size: int,
        workers: int,
        *,
        most: int | None = None,
        pad: bool = False,
    ) -> None:
        """Set the sizes.

        Args:
            samples: the sequence.
            batch_size: samples in a batch; an incomplete one is left out.
            workers: processes that prepare samples; 0: this one does.
            most: how many batches there are, if the sequence is longer.
            pad: whether arrays of one batch may differ in size (see `stack_padded`).
        """
        self._samples = samples
        self._batch_size = batch_size
        self._workers = workers
        self._most = most
        self._pad = pad

    def __len__(self) -> int:
        whole = len(self._samples) // self._batch_size
        return whole if self._most is None else min(whole, self._most)

    def starting_at(self, step: int) -> Iterator[list[torch.Tensor]]:
        """Yield the batches from number `step` on, which counts from 0."""
        return iter(
            DataLoader(
                self._samples,
                batch_size=self._batch_size,
                sampler=range(step * self._batch_size, len(self) * self._batch_size),
                num_workers=self._workers,
                generator=torch.Generator(),
                collate_fn=stack_padded if self._pad else None,
                worker_init_fn=prepare_loader,
            )
        )


def sample_steps(
    image_ids: Sequence[str],
    make_sample: MakeSample,
    *,
    batch_size: int,
    steps: int,
    seed: int,
) -> SampleSequence:
    """Return the samples of a training that is as long as `steps` batches, at least."""
    return SampleSequence(
        image_ids,
        make_sample,
        batch_size=batch_size,
        epochs=-(-steps // steps_per_epoch(len(image_ids), batch_size)),
        seed=seed,
    )
