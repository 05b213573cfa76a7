"""The seeds of all images of a shard, over several processes."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.cams.store import CamStore
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.irn.seed import make_seed
from smallobjects.pseudo_labels.parameters import SeedParameters

IMAGES_PER_TASK = 4


def shard_seeds(
    dataset: Path, cams: Path, parameters: SeedParameters, processes: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield image id and seed (H×W uint8) of every image in a store of maps, in its order.

    Args:
        dataset: the prepared dataset's folder.
        cams: the store of class activation maps.
        parameters: thresholds and CRF.
        processes: how many to use; they do not change the seeds.
    """
    with CamStore(cams) as store:
        image_ids = store.image_ids
    PreparedDataset.open(dataset)
    seed_of = partial(_seed_of, dataset, cams, parameters)
    if processes == 1:
        seeds = map(seed_of, image_ids)
        yield from zip(image_ids, progress(seeds, "make seeds", len(image_ids)), strict=True)
        return
    # A forked process would inherit torch's threads in an unknown state.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        seeds = pool.map(seed_of, image_ids, chunksize=IMAGES_PER_TASK)
        yield from zip(image_ids, progress(seeds, "make seeds", len(image_ids)), strict=True)


def _seed_of(dataset: Path, cams: Path, parameters: SeedParameters, image_id: str) -> np.ndarray:
    torch.set_num_threads(1)
    image = read_image(PreparedDataset.open(dataset), image_id)
    with CamStore(cams) as store:
        classes, maps = store.read(image_id, image.shape[:2])
    return make_seed(image, classes, maps, parameters)
