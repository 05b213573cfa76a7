"""The boxes around an object from which the detector sees it."""

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_iou

from smallobjects.pseudo_labels.bbam.parameters import AttributionParameters


def jittered_boxes(
    box: np.ndarray,
    shape: tuple[int, int],
    count: int,
    jitter: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return boxes whose sides are moved by up to `jitter` of the box's width or height.

    Args:
        box: x0, y0, x1, y1.
        shape: height and width of the image, to which they are clipped.
        count: how many.
        jitter: below 0.5.
        generator: draws the shifts.

    Returns:
        count×4 float32.
    """
    sides = np.array([box[2] - box[0], box[3] - box[1]] * 2)
    moved = box + sides * generator.uniform(-jitter, jitter, (count, 4))
    limits = np.array([shape[1], shape[0]] * 2)
    return moved.clip(0, limits).astype(np.float32)


def choose_proposals(
    logits: Tensor, regressed: Tensor, class_id: int, box: Tensor, parameters: AttributionParameters
) -> Tensor:
    """Return which boxes are classified as the object and regressed to its box, in their order.

    Args:
        logits: N×C of the boxes.
        regressed: N×4, what their regression for the object's class makes of them.
        class_id: the object's class.
        box: 4, the object's.
        parameters: the settings.

    Returns:
        Up to `parameters.proposals` indices; none where the detector does not see the object.
    """
    right = logits.argmax(dim=1) == class_id
    overlap = box_iou(regressed, box[None])[:, 0]
    for threshold in parameters.overlaps:
        found = torch.nonzero(right & (overlap > threshold))[:, 0]
        if len(found) > parameters.proposals:
            break
    return found[: parameters.proposals]
