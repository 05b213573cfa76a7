"""The masks of all objects of a shard, in batches of objects whose images have one size."""

import sys
from collections.abc import Iterator

import numpy as np
import torch
from torchvision.ops import clip_boxes_to_image

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.bbam.attribution import (
    AttributionTarget,
    initial_mask,
    mask_stride,
    optimise_masks,
)
from smallobjects.pseudo_labels.bbam.detector import Detector, fill_up
from smallobjects.pseudo_labels.bbam.finished import FinishedBatches, Named
from smallobjects.pseudo_labels.bbam.parameters import AttributionParameters
from smallobjects.pseudo_labels.bbam.proposals import choose_proposals, jittered_boxes
from smallobjects.pseudo_labels.bbam.training import detection_scale, scaled_boxes
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes, BoxedObject
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.training.augmentation import normalise, rescale_image

UNSEEN = np.zeros((0, 0), dtype=np.float32)


@torch.no_grad()
def targets_of_image(
    detector: Detector,
    image: np.ndarray,
    objects: tuple[BoxedObject, ...],
    parameters: AttributionParameters,
    generators: list[np.random.Generator],
    device: torch.device,
) -> list[AttributionTarget | None]:
    """Ask the detector about the objects of an image, whose features are made once.

    Args:
        detector: in evaluation mode, on `device`.
        image: H×W×3 uint8.
        objects: K > 0.
        parameters: the settings.
        generators: K, which draw each object's boxes.
        device: where to compute.

    Returns:
        For each object its target, or `None` where no box around it is seen as it.
    """
    scale = detection_scale(image.shape[:2], parameters.short_side, parameters.longest_side)
    resized = rescale_image(image, scale)
    shape = resized.shape[:2]
    corners = scaled_boxes(objects, image.shape[:2], shape)
    filled = fill_up(torch.from_numpy(normalise(resized))[None].to(device))
    features = detector.parts.backbone(filled)
    targets: list[AttributionTarget | None] = []
    for item, box, generator in zip(objects, corners, generators, strict=True):
        drawn = jittered_boxes(box, shape, parameters.jittered, parameters.jitter, generator)
        own = torch.from_numpy(drawn).to(device)
        logits, regressions = detector.read(features, [own], filled)
        # As in the public code, which compares what its detector would put out.
        regressed = detector.regressed(regressions, own)[:, item.class_id]
        regressed = clip_boxes_to_image(regressed, shape)
        place = torch.from_numpy(box).to(device)
        chosen = choose_proposals(logits, regressed, item.class_id, place, parameters)
        if len(chosen) == 0:
            targets.append(None)
            continue
        area = float((box[2] - box[0]) * (box[3] - box[1]))
        stride = mask_stride(
            area, shape[0] * shape[1], parameters.stride_base, parameters.stride_slope
        )
        targets.append(
            AttributionTarget(
                image=filled[0],
                shape=shape,
                class_id=item.class_id,
                boxes=own[chosen],
                regressions=regressions[chosen, item.class_id],
                probabilities=logits[chosen].softmax(dim=1)[:, item.class_id],
                initial=initial_mask(regressed[chosen], shape, stride),
            )
        )
    return targets


class _Batches:
    """Collects targets by the size of their images until there are enough of one size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: dict[tuple[int, ...], list[tuple[Named, AttributionTarget]]] = {}

    def add(
        self, name: Named, target: AttributionTarget
    ) -> list[tuple[Named, AttributionTarget]] | None:
        """Add a target; return the batch that it completes, if it does."""
        group = self._waiting.setdefault(tuple(target.image.shape), [])
        group.append((name, target))
        if len(group) < self._size:
            return None
        return self._waiting.pop(tuple(target.image.shape))

    def rest(self) -> list[list[tuple[Named, AttributionTarget]]]:
        """Return the batches that are not complete."""
        return list(self._waiting.values())


def shard_attributions(
    dataset: PreparedDataset,
    image_ids: list[str],
    detector: Detector,
    parameters: AttributionParameters,
    *,
    seed: int,
    device: torch.device,
    finished: FinishedBatches | None = None,
) -> Iterator[tuple[str, int, np.ndarray]]:
    """Yield image id, object id and mask (h×w float32) of every object, each once.

    What an object gets depends on the seed, its image and its id, not on its shard, but for
    rounding. One that the detector does not see has a 0×0 mask.

    Args:
        dataset: the prepared dataset.
        image_ids: the images of the shard.
        detector: in evaluation mode, on `device`, its weights without gradients.
        parameters: the settings.
        seed: of the boxes that are drawn.
        device: where to compute.
        finished: where the masks of each batch are kept, and taken from if it was done before; the
            batches are the same each time.

    Raises:
        BadInputError: a box covers no pixel of its image, or an image cannot be read.
    """
    boxes, batches, unseen = AnnotatedBoxes(dataset), _Batches(parameters.objects_per_batch), 0

    def optimised(batch: list[tuple[Named, AttributionTarget]]) -> Iterator:
        names = [name for name, _ in batch]
        masks = finished.read(names) if finished else None
        if masks is None:
            targets = [target for _, target in batch]
            masks = [mask.cpu().numpy() for mask in optimise_masks(detector, targets, parameters)]
            if finished:
                finished.write(names, masks)
        for name, mask in zip(names, masks, strict=True):
            yield *name, mask

    for image_id in progress(image_ids, "attribute boxes", len(image_ids)):
        image = read_image(dataset, image_id)
        objects = boxes.of(image_id, image.shape[:2])
        if not objects:
            continue
        generators = [
            np.random.default_rng([seed, item.object_id, *image_id.encode()]) for item in objects
        ]
        targets = targets_of_image(detector, image, objects, parameters, generators, device)
        for item, target in zip(objects, targets, strict=True):
            if target is None:
                unseen += 1
                yield image_id, item.object_id, UNSEEN
            elif batch := batches.add((image_id, item.object_id), target):
                yield from optimised(batch)
    for batch in batches.rest():
        yield from optimised(batch)
    print(f"BBAM: {unseen} objects that the detector does not see", file=sys.stderr)
