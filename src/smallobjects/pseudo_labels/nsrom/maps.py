"""The maps of a trained network of NS-ROM."""

from collections.abc import Iterator

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.attention.samples import squeeze
from smallobjects.pseudo_labels.attention.store import ImageMaps, to_levels
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.nsrom.network import AttentionNetwork
from smallobjects.pseudo_labels.training.augmentation import normalise


@torch.no_grad()
def square_maps(
    network: AttentionNetwork,
    dataset: PreparedDataset,
    image_ids: list[str],
    input_size: int,
    device: torch.device,
) -> Iterator[tuple[str, ImageMaps]]:
    """Yield the classes and K×h×w uint8 maps of images: ReLU of the activations, at one scale.

    Args:
        network: in evaluation mode, on `device`.
        dataset: the prepared dataset.
        image_ids: the images.
        input_size: side of the squares that the network sees.
        device: where to compute.
    """
    for image_id in progress(image_ids, "make attention maps", len(image_ids)):
        classes = np.array(dataset.image_classes.get(image_id, ()), dtype=np.uint8)
        square = normalise(squeeze(read_image(dataset, image_id), input_size))
        maps = network(torch.from_numpy(square)[None].to(device))[0]
        yield image_id, (classes, to_levels(maps[classes.astype(np.int64) - 1]))
