"""Labels from EDAM's masks: a dense CRF, and where the saliency map has the last word.

The command in the public README stops in the branch that joins CRF and saliency; this is the rule
of its evaluation, which states the published numbers.
"""

import numpy as np
import torch

from smallobjects.dense_crf import refine_probabilities
from smallobjects.pseudo_labels.cams.maps import to_image_size
from smallobjects.pseudo_labels.edam.parameters import LabelParameters

NEVER, ALWAYS = -2.0, 2.0
"""Scores below and above those of the background, which are 0 and 1."""


def normalise_maps(maps: np.ndarray) -> np.ndarray:
    """Divide each of K×H×W maps ≥ 0 by its maximum; one that is 0 everywhere stays 0."""
    highest = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, highest, out=np.zeros_like(maps), where=highest > 0)


def fuse(
    classes: np.ndarray, scores: np.ndarray, saliency: np.ndarray, parameters: LabelParameters
) -> np.ndarray:
    """Return the label that class scores and saliency give.

    Where the saliency is low, the background wins but against a class that is certain; elsewhere
    the highest class wins unless all are impossible.

    Args:
        classes: K class ids.
        scores: K×H×W float32 probabilities.
        saliency: H×W uint8.
        parameters: the thresholds.

    Returns:
        H×W uint8 with 0 and the class ids. The background wins ties.
    """
    planes = np.where(scores < parameters.least_score, NEVER, scores)
    planes = np.where(scores > parameters.certain_score, ALWAYS, planes)
    background = (saliency <= parameters.saliency_threshold).astype(planes.dtype)
    best = np.concatenate([background[None], planes]).argmax(axis=0)
    return np.concatenate([[0], classes]).astype(np.uint8)[best]


def make_label(
    image: np.ndarray,
    classes: np.ndarray,
    maps: np.ndarray,
    saliency: np.ndarray,
    parameters: LabelParameters,
) -> np.ndarray:
    """Return the label of an image.

    Args:
        image: H×W×3 uint8 RGB.
        classes: K class ids present in the image; without any, it is background.
        maps: K×h×w masks at stride 4.
        saliency: H×W uint8.
        parameters: CRF and thresholds.

    Returns:
        H×W uint8 with 0 and the class ids.
    """
    if len(classes) == 0:
        return np.zeros(image.shape[:2], dtype=np.uint8)
    full = to_image_size(torch.from_numpy(maps), *image.shape[:2]).numpy()
    full = normalise_maps(full)
    background = (1 - full.max(axis=0, keepdims=True)) ** parameters.background_power
    # They do not add up to 1, as published: a factor common to all has no effect in the CRF.
    scores = refine_probabilities(image, np.concatenate([background, full]), parameters.crf)
    return fuse(classes, scores[1:], saliency, parameters)
