"""How much faster two processes score than one, beside what the machine lets two processes do.

Cores share caches and memory, and other programs want them too: the most that can be expected is
how much faster two processes decode the same files that have nothing to do with each other.
"""

import resource
from multiprocessing import get_context
from time import perf_counter
from typing import NamedTuple

import numpy as np
from PIL import Image

from smallobjects.metrics.folders import MaskValues, score_batches


class Workers(NamedTuple):
    one: float
    """Seconds with one process."""
    ratio: float
    """Seconds with one process by seconds with two, their start included."""
    processor: float
    """The same of processor time of all processes: what two take by what one takes."""
    bound: float
    """How much faster two processes decode than one."""


def compare(files, num_classes, rounds):
    """Return the best of a few rounds."""
    scale = MaskValues(num_classes)
    found = []
    with get_context("spawn").Pool(2) as pool:
        pool.map(decode, [files[:20]] * 2, chunksize=1)
        for _ in range(rounds):
            (one, one_processor), (two, two_processor) = (score(files, scale, n) for n in (1, 2))
            alone = pool.apply(decode, (files[::2],))
            together = max(pool.map(decode, [files[::2]] * 2, chunksize=1))
            bound = 2 * alone / together
            found.append(Workers(one, one / two, two_processor / one_processor, bound))
    return max(found, key=lambda workers: workers.ratio)


def score(files, scale, workers):
    """Return the seconds it takes, and the seconds of processor time."""
    start, processor = perf_counter(), processor_seconds()
    for _ in score_batches(files, scale, workers):
        pass
    return perf_counter() - start, processor_seconds() - processor


def processor_seconds():
    """Return the processor time of this process and of those that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def decode(files):
    """Decode the masks and return the seconds it takes."""
    start = perf_counter()
    for image in files:
        for path in (image.prediction, image.truth.semantic, image.truth.instances):
            np.asarray(Image.open(path))
    return perf_counter() - start
