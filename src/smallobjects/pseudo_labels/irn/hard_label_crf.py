"""Dense CRF on hard labels."""

import numpy as np
from pydensecrf.utils import unary_from_labels

from smallobjects import dense_crf
from smallobjects.pseudo_labels.parameters import CrfParameters


def refine_labels(
    image: np.ndarray, labels: np.ndarray, num_labels: int, parameters: CrfParameters
) -> np.ndarray:
    """Refine a label map by mean-field inference with the image's colours.

    A pixel's own label has probability `label_confidence`, the others share the rest.

    Args:
        image: H×W×3 uint8, the original RGB values.
        labels: H×W integers in 0..num_labels − 1.
        num_labels: number of labels, including those that no pixel has.
        parameters: the CRF's settings; 0 iterations return the labels as they are.

    Returns:
        H×W integers in 0..num_labels − 1.
    """
    if parameters.iterations == 0 or num_labels < 2:
        return labels.copy()
    probabilities = mean_field_of_labels(image, labels, num_labels, parameters)
    return probabilities.argmax(axis=0).astype(labels.dtype)


def mean_field_of_labels(
    image: np.ndarray, labels: np.ndarray, num_labels: int, parameters: CrfParameters
) -> np.ndarray:
    """Return the label probabilities, num_labels×H×W float32; arguments as `refine_labels`."""
    unary = unary_from_labels(labels, num_labels, parameters.label_confidence, zero_unsure=False)
    return dense_crf.mean_field(image, unary, parameters)
