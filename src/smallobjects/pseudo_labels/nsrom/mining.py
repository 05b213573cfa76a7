"""Non-salient region object mining: NS-ROM's final labels (section 3.3)."""

import numpy as np
from scipy.ndimage import maximum_filter

from smallobjects.pseudo_labels.attention.fusion import void_without_objects
from smallobjects.pseudo_labels.nsrom.parameters import MiningParameters
from smallobjects.pseudo_labels.training.augmentation import VOID


def final_label(
    first: np.ndarray,
    prediction: np.ndarray,
    saliency: np.ndarray,
    num_classes: int,
    parameters: MiningParameters,
) -> np.ndarray:
    """Return the final label of an image.

    It is the prediction, also of classes that the image is not said to have. In images of two
    classes or more, what the first label has and the prediction calls background is restored, and
    void is what lies beyond objects and salient regions widened by a square: there objects may
    stand that nothing has found. An image without any class is background, as no published rule
    speaks of it.

    Args:
        first: H×W uint8, the label that the segmentor was trained on.
        prediction: H×W uint8 class ids, refined.
        saliency: H×W uint8.
        num_classes: how many classes the image has.
        parameters: the settings.

    Returns:
        H×W uint8 with 0, class ids and 255.
    """
    if num_classes == 0:
        return np.zeros_like(prediction)
    label = prediction.copy()
    if num_classes > 1:
        restored = (first > 0) & (first < VOID) & (label == 0)
        label[restored] = first[restored]
        seen = (label != 0) | (saliency >= parameters.least_saliency)
        label[~widened(seen, parameters.dilation)] = VOID
    return void_without_objects(label, parameters.least_foreground)


def widened(mask: np.ndarray, side: int) -> np.ndarray:
    """Return an H×W mask dilated by a square; of an even side, one more row above and left.

    That is where OpenCV, which the public code uses, puts the centre of such a square.
    """
    return maximum_filter(mask, size=side, mode="constant", cval=False)
