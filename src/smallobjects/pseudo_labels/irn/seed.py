"""Seeds: class maps that are kept only where two background thresholds agree (IRN)."""

import numpy as np
import torch

from smallobjects.pseudo_labels.cams.maps import to_image_size
from smallobjects.pseudo_labels.irn.hard_label_crf import refine_labels
from smallobjects.pseudo_labels.parameters import SeedParameters

UNSURE = 255


def argmax_with_background(maps: np.ndarray, background: float) -> np.ndarray:
    """Return argmax[background, maps] of K×H×W maps as H×W integers in 0..K."""
    best = maps.argmax(axis=0) + 1
    return np.where(maps.max(axis=0) > background, best, 0)


def combine(foreground: np.ndarray, background: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Join the labels at the two thresholds into a seed.

    Args:
        foreground: H×W in 0..K, at the high threshold: where it is not 0, the class is sure.
        background: H×W in 0..K, at the low threshold: where it is 0 too, background is sure.
        classes: K class ids.

    Returns:
        H×W uint8: the sure class, 0 for sure background, 255 elsewhere.
    """
    ids = np.concatenate([[0], classes]).astype(np.uint8)
    seed = ids[foreground]
    seed[(foreground == 0) & (background != 0)] = UNSURE
    return seed


def make_seed(
    image: np.ndarray, classes: np.ndarray, maps: np.ndarray, parameters: SeedParameters
) -> np.ndarray:
    """Make the seed of one image from its class activation maps.

    Args:
        image: H×W×3 uint8, the original RGB values.
        classes: K class ids; without any the seed is all background.
        maps: K×h×w float32 in [0, 1], at stride 4.
        parameters: thresholds and CRF.

    Returns:
        H×W uint8 with 0, the class ids and 255 for unsure.
    """
    height, width = image.shape[:2]
    if len(classes) == 0:
        return np.zeros((height, width), dtype=np.uint8)
    full = to_image_size(torch.from_numpy(maps), height, width).numpy()
    foreground, background = (
        refine_labels(
            image, argmax_with_background(full, threshold), len(classes) + 1, parameters.crf
        )
        for threshold in (parameters.foreground_threshold, parameters.background_threshold)
    )
    return combine(foreground, background, classes)
