"""From an object's attribution map to its pixels.

Lee et al., section 3.3, with the rules of the authors' public code: a share of the box saturates,
a blur and a dense CRF follow, and where little is left a prior over the whole box takes its place.
"""

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from smallobjects.dense_crf import refine_probabilities
from smallobjects.pseudo_labels.bbam.parameters import BbamLabelParameters
from smallobjects.pseudo_labels.boxes import BoxedObject


def on_image(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return an h×w mask at the size of the image, interpolated bilinearly: H×W float64."""
    values = torch.from_numpy(mask.astype(np.float64))[None, None]
    return functional.interpolate(values, shape, mode="bilinear", align_corners=False)[0, 0].numpy()


def saturate(attribution: np.ndarray, box_area: int, threshold: float) -> np.ndarray:
    """Divide a map so that a share 1 − threshold of the box's pixels is 1 or more, and clip it.

    Args:
        attribution: H×W, 0 outside the box.
        box_area: pixels of the box.
        threshold: in [0, 1].

    Returns:
        H×W in [0, 1].
    """
    falling = np.sort(attribution, axis=None)[::-1]
    place = min(int(box_area * (1 - threshold)), falling.size - 1)
    return (attribution / (falling[place] + 1e-8)).clip(0, 1)


def blur(attribution: np.ndarray, deviation: int) -> np.ndarray:
    """Return a map blurred by a Gaussian, cut off at one deviation, mirrored at the border."""
    if deviation == 0:
        return attribution
    return ndimage.gaussian_filter(attribution, deviation, mode="mirror", truncate=1.0)


def spread(values: np.ndarray) -> np.ndarray:
    """Return (values − least) / largest, as in the public code."""
    return (values - values.min()) / values.max()


def object_probability(
    mask: np.ndarray,
    item: BoxedObject,
    shape: tuple[int, int],
    threshold: float,
    parameters: BbamLabelParameters,
) -> np.ndarray | None:
    """Return the probability of the object before the CRF, H×W in [0, 1].

    Args:
        mask: h×w, the object's attribution on its grid.
        item: the object.
        shape: height and width of the image.
        threshold: a share 1 − this of the box saturates.
        parameters: the blur.

    Returns:
        The map, or `None` if nothing of the mask lies in the box.
    """
    if mask.size == 0 or mask.max() == 0:
        return None
    within = np.zeros(shape)
    within[item.window] = 1
    attribution = on_image(spread(mask), shape) * within
    if attribution.max() == 0:
        return None
    share = (item.area / (shape[0] * shape[1])) ** 0.5
    deviation = int(parameters.blur_base + parameters.blur_slope * share)
    saturated = blur(saturate(attribution, item.area, threshold), deviation) * within
    # The least of the image is the 0 beside the box. A box over the whole image leaves nothing
    # beside it (in the public code it does: the last row and column); a dense map would vanish.
    return saturated / saturated.max()


def refined(
    image: np.ndarray, probability: np.ndarray, parameters: BbamLabelParameters
) -> np.ndarray:
    """Return the pixels that are foreground for certain after the CRF, H×W bool."""
    both = np.stack([probability, 1 - probability])
    return refine_probabilities(image, both, parameters.crf)[0] > parameters.certainty


def object_pixels(
    image: np.ndarray,
    mask: np.ndarray,
    item: BoxedObject,
    threshold: float,
    parameters: BbamLabelParameters,
) -> np.ndarray:
    """Return the pixels of an object, H×W bool; none if no prior helps.

    Args:
        image: H×W×3 uint8, the original RGB values.
        mask: h×w, the object's attribution on its grid.
        item: the object.
        threshold: a share 1 − this of the box saturates.
        parameters: the settings.
    """
    shape = image.shape[:2]
    probability = object_probability(mask, item, shape, threshold, parameters)
    if probability is None:
        for prior in parameters.priors_without_map:
            pixels = _with_prior(image, np.zeros(shape, dtype=bool), item, prior, parameters)
            if pixels.sum() > parameters.least_share * item.area:
                return pixels
        return np.zeros(shape, dtype=bool)
    first = pixels = refined(image, probability, parameters)
    enough = first.sum() > parameters.least_share * item.area
    if enough or item.area > parameters.small_box * shape[0] * shape[1]:
        return first
    for prior in parameters.priors:
        pixels = _with_prior(image, first, item, prior, parameters)
        if pixels.sum() > parameters.retried_share * item.area:
            break
    return pixels


def _with_prior(
    image: np.ndarray,
    known: np.ndarray,
    item: BoxedObject,
    prior: float,
    parameters: BbamLabelParameters,
) -> np.ndarray:
    probability = np.zeros(image.shape[:2])
    probability[item.window] = prior
    probability[known] = 1
    return refined(image, probability, parameters)
