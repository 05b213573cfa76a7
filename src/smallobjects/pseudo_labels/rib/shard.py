"""The RIB maps of all images of a shard."""

import sys
import time
from collections.abc import Iterator

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.strides import strided_size
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.parameters import MapParameters
from smallobjects.pseudo_labels.rib.companions import CompanionChoice, Companions
from smallobjects.pseudo_labels.rib.maps import TunableClassifier, rib_maps
from smallobjects.pseudo_labels.rib.parameters import RibParameters, check_scales


def shard_rib_maps(
    dataset: PreparedDataset,
    image_ids: list[str],
    all_ids: list[str],
    classifier: Classifier,
    cam: MapParameters,
    parameters: RibParameters,
    *,
    seed: int,
    device: torch.device,
    workers: int = 0,
) -> Iterator[tuple[str, tuple[int, ...], np.ndarray]]:
    """Yield image id, its K class ids and its K×h×w maps, for every image in its order.

    What an image gets depends on the seed, on itself and on `all_ids`, not on its shard.

    Args:
        dataset: the prepared dataset.
        image_ids: the images of the shard; one without a class gets K = 0 maps.
        all_ids: the images among which companions are chosen.
        classifier: in evaluation mode, on `device`; it is the same again at the end.
        cam: the scales, and whether to add the mirror image.
        parameters: the settings.
        seed: seed of the companions and their augmentation.
        device: where to compute.
        workers: processes that load companions; they do not change the maps.

    Raises:
        BadInputError: the scales do not fit each other, or an image cannot be read.
        FloatingPointError: the maps of an image are not finite.
    """
    check_scales(cam, parameters)
    classes_of = {image_id: dataset.image_classes.get(image_id, ()) for image_id in image_ids}
    tuned_on = [image_id for image_id in image_ids if classes_of[image_id]]
    network = TunableClassifier(classifier, parameters)
    companions = Companions(
        dataset,
        tuned_on,
        CompanionChoice(dataset, all_ids, seed),
        parameters,
        workers=workers,
        pin_memory=device.type == "cuda",
    )
    numbers = {image_id: number for number, image_id in enumerate(tuned_on)}
    start, total = time.monotonic(), 0
    for image_id in progress(image_ids, "make RIB maps", len(image_ids)):
        image, classes = read_image(dataset, image_id), classes_of[image_id]
        maps = np.zeros((0, *strided_size(*image.shape[:2])), dtype=np.float32)
        if classes:
            batches = companions.of(numbers[image_id])
            try:
                maps, updates = rib_maps(network, image, classes, batches, cam, parameters, device)
            except FloatingPointError as error:
                raise FloatingPointError(f"image {image_id}: {error}") from None
            total += updates
        yield image_id, classes, maps
    _report(len(image_ids), total / max(1, len(tuned_on)), time.monotonic() - start)


def _report(images: int, updates: float, seconds: float) -> None:
    rate = images / max(seconds, 1e-9)
    print(f"RIB: {rate:.2f} images/s, {updates:.1f} updates per image", file=sys.stderr)
