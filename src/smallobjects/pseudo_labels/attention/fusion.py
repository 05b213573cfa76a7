"""Labels from attention maps and saliency: the fusion rule of the OAA family."""

import numpy as np

from smallobjects.pseudo_labels.attention.parameters import FusionParameters
from smallobjects.pseudo_labels.training.augmentation import VOID


def fuse(
    classes: np.ndarray, maps: np.ndarray, saliency: np.ndarray, parameters: FusionParameters
) -> np.ndarray:
    """Return the label that attention and saliency give; the 1 % rule is not yet applied.

    The planes are 1 − s/255 for the background and the maps for the classes. The highest plane
    wins, the background a tie. Void are pixels at which two planes are almost certain, and
    background that is salient or has high attention.

    Args:
        classes: K class ids.
        maps: K×H×W float in [0, 1].
        saliency: H×W uint8.
        parameters: the thresholds.

    Returns:
        H×W uint8 with 0, the class ids and 255.
    """
    background = 1 - saliency.astype(np.float32) / 255
    planes = np.concatenate([background[None], maps.astype(np.float32)])
    planes[planes < parameters.attention_threshold] = 0
    label = np.concatenate([[0], classes]).astype(np.uint8)[planes.argmax(axis=0)]
    label[(planes > parameters.conflict_threshold).sum(axis=0) > 1] = VOID
    salient = saliency >= parameters.least_saliency
    salient |= (maps > parameters.salient_attention).any(axis=0)
    label[salient & (label == 0)] = VOID
    return label


def void_without_objects(label: np.ndarray, least_foreground: float) -> np.ndarray:
    """Return the label, or one all void if its objects take too little of the image.

    Args:
        label: H×W uint8.
        least_foreground: share of the image that pixels of a class must take, in [0, 1].
    """
    foreground = ((label > 0) & (label < VOID)).sum() / label.size
    return np.full_like(label, VOID) if foreground < least_foreground else label
