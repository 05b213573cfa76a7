"""RCA's labels: attention refined by a dense CRF, then fused with saliency."""

import numpy as np

from smallobjects.dense_crf import refine_probabilities
from smallobjects.pseudo_labels.attention.fusion import fuse, void_without_objects
from smallobjects.pseudo_labels.rca.parameters import RcaLabelParameters


def refine_attention(
    image: np.ndarray, maps: np.ndarray, parameters: RcaLabelParameters
) -> np.ndarray:
    """Return the probabilities that a dense CRF gives the classes.

    The scores are the maps, and (1 − highest map)^power for the background. As in the public code
    they are not brought to a sum of 1, which changes no probability but at scores below 1e-5.

    Args:
        image: H×W×3 uint8 RGB.
        maps: K×H×W float in [0, 1], K ≥ 1.
        parameters: the settings.

    Returns:
        K×H×W float32.
    """
    background = (1 - maps.max(axis=0, keepdims=True)) ** parameters.background_power
    scores = np.concatenate([background, maps]).astype(np.float32)
    return refine_probabilities(image, scores, parameters.crf)[1:]


def rca_label(
    image: np.ndarray,
    classes: np.ndarray,
    maps: np.ndarray,
    saliency: np.ndarray,
    parameters: RcaLabelParameters,
) -> np.ndarray:
    """Return the label of an image.

    An image without any class is background; the published rule, made for images that all have
    one, would leave it void.

    Args:
        image: H×W×3 uint8 RGB.
        classes: K class ids.
        maps: K×H×W gathered attention in [0, 1].
        saliency: H×W uint8.
        parameters: the settings.

    Returns:
        H×W uint8 with 0, the class ids and 255.
    """
    if len(classes) == 0:
        return np.zeros(saliency.shape, dtype=np.uint8)
    refined = refine_attention(image, maps, parameters)
    return void_without_objects(
        fuse(classes, refined, saliency, parameters), parameters.least_foreground
    )
