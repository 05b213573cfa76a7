"""Which image comes when, and with which random augmentation: functions of seed and position alone.

The position counts the samples of the whole training. So neither the number of worker processes
nor a restart changes what the network sees.
"""

import random
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import NamedTuple

import numpy as np
import torch
from mmengine.registry import DATA_SAMPLERS, FUNCTIONS
from torch.utils.data import Sampler

from smallobjects.loader_processes import prepare_loader
from smallobjects.segmentation.distributed import process_count, process_rank
from smallobjects.segmentation.errors import SegmentationError

FUNCTIONS.register_module(module=prepare_loader)


class Draw(NamedTuple):
    """One sample of the training."""

    index: int
    """The image, as an index of the dataset."""
    position: int
    """The sample's number, counted from the start of the training."""


@lru_cache(maxsize=2)
def epoch_order(length: int, seed: int, epoch: int) -> np.ndarray:
    """Return the random order of `length` images in an epoch: a permutation of 0..length-1."""
    order = np.random.default_rng([seed, epoch]).permutation(length)
    order.setflags(write=False)
    return order


def draw(length: int, seed: int, position: int) -> Draw:
    """Return the sample at a position; every epoch of `length` samples shows each image once."""
    epoch, place = divmod(position, length)
    return Draw(int(epoch_order(length, seed, epoch)[place]), position)


@contextmanager
def sample_randomness(seed: int, position: int) -> Iterator[None]:
    """Seed `random`, `numpy.random` and torch for one sample; put their states back afterwards."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    words = np.random.SeedSequence([seed, position]).generate_state(4)
    random.seed(int(words[0]))
    np.random.seed(words[1:3])
    # Not torch.manual_seed, which would reseed a GPU as well.
    torch.default_generator.manual_seed(int(words[3]))
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@DATA_SAMPLERS.register_module()
class PositionSampler(Sampler[Draw]):
    """Yields the samples of a training without end, or one process's part of every batch."""

    def __init__(self, dataset: Sized, seed: int, batch_size: int = 1) -> None:
        """Start at position 0.

        Args:
            dataset: the dataset to draw from.
            seed: random seed, not negative.
            batch_size: samples of this process in each batch. With P processes a batch is P times
                as large, and the r-th of them takes the r-th part of it.

        Raises:
            SegmentationError: the dataset is empty.
        """
        if len(dataset) == 0:
            raise SegmentationError("the training split is empty; choose a split with images")
        self.length = len(dataset)
        self.seed = seed
        self.batch_size = batch_size
        self.drawn = 0

    def skip(self, num_samples: int) -> None:
        """Start after `num_samples` of this process; the training loop calls this on resuming."""
        self.drawn = num_samples

    def __iter__(self) -> Iterator[Draw]:
        """Yield samples from the start position on."""
        for drawn in count(self.drawn):
            yield draw(self.length, self.seed, self._position(drawn))

    def _position(self, drawn: int) -> int:
        batch, place = divmod(drawn, self.batch_size)
        part = batch * process_count() + process_rank()
        return part * self.batch_size + place

    def __len__(self) -> int:
        """Return the number of samples of an epoch."""
        return self.length
