"""NS-ROM's first labels: fusion with saliency, and potential object mining (section 3.2)."""

import numpy as np

from smallobjects.pseudo_labels.attention.fusion import fuse, void_without_objects
from smallobjects.pseudo_labels.nsrom.parameters import FirstLabelParameters
from smallobjects.pseudo_labels.training.augmentation import VOID


def potential_threshold(inside: np.ndarray, activation: np.ndarray, floor: float) -> float:
    """Return the activation above which background may belong to a class.

    The median inside the class's region; of a class without one, the median of what lies above the
    median of what lies above `floor`; 1, so nothing, if there is none.

    Args:
        inside: M activations inside the region that the class has in the label.
        activation: H×W in [0, 1].
        floor: in [0, 1].
    """
    if inside.sum() > 0:
        return float(np.median(inside))
    high = activation[activation > floor]
    if high.size == 0:
        return 1.0
    higher = activation[activation > np.median(high)]
    return float(np.median(higher)) if higher.size else 1.0


def mine_potential_objects(
    label: np.ndarray, classes: np.ndarray, activations: np.ndarray, floor: float
) -> np.ndarray:
    """Return the label with background void where a class is likely active.

    Args:
        label: H×W uint8.
        classes: K class ids present in the image.
        activations: K×H×W class activation maps in [0, 1]; not those that the label is made from.
        floor: of `potential_threshold`.
    """
    potential = np.zeros(label.shape, dtype=bool)
    for class_id, activation in zip(classes, activations, strict=True):
        inside = activation[label == class_id]
        potential |= activation > potential_threshold(inside, activation, floor)
    return np.where(potential & (label == 0), np.uint8(VOID), label)


def first_label(
    classes: np.ndarray,
    maps: np.ndarray,
    activations: np.ndarray,
    saliency: np.ndarray,
    parameters: FirstLabelParameters,
) -> np.ndarray:
    """Return the label on which the first segmentor is trained.

    An image without any class is background; the published rule, made for images that all have
    one, would leave it void.

    Args:
        classes: K class ids.
        maps: K×H×W maps of the integral model, in [0, 1].
        activations: K×H×W class activation maps of the classifier, in [0, 1].
        saliency: H×W uint8.
        parameters: the thresholds.

    Returns:
        H×W uint8 with 0, the class ids and 255.
    """
    if len(classes) == 0:
        return np.zeros(saliency.shape, dtype=np.uint8)
    label = fuse(classes, maps, saliency, parameters)
    label = mine_potential_objects(label, classes, activations, parameters.potential_threshold)
    return void_without_objects(label, parameters.least_foreground)
