"""Mean-field inference in a dense CRF (Krähenbühl and Koltun 2011), by pydensecrf.

Importing this starts no torch, so that it may work in many processes.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from smallobjects.parameters import Parameters


class PairwiseParameters(Parameters):
    """The pairwise terms of a dense CRF; `iterations: 0` leaves its input as it is."""

    iterations: Annotated[int, Field(ge=0)]
    gaussian_sxy: PositiveFloat
    """Standard deviation of the kernel of positions, in pixels."""
    gaussian_compat: NonNegativeFloat
    """Its weight."""
    bilateral_sxy: PositiveFloat
    """Standard deviation of the positions in the kernel of positions and colours, in pixels."""
    bilateral_srgb: PositiveFloat
    """Standard deviation of its colours, in values of 0..255."""
    bilateral_compat: NonNegativeFloat
    """Its weight."""


def refine_probabilities(
    image: np.ndarray, probabilities: np.ndarray, parameters: PairwiseParameters
) -> np.ndarray:
    """Refine label probabilities by mean-field inference with the image's colours.

    Args:
        image: H×W×3 uint8, the original RGB values.
        probabilities: K×H×W float, K >= 2, summing to 1 over K; below 1e-5 they count as 1e-5.
        parameters: the pairwise terms; 0 iterations return the probabilities as they are.

    Returns:
        K×H×W float32.
    """
    from pydensecrf.utils import unary_from_softmax

    if parameters.iterations == 0:
        return probabilities.astype(np.float32)
    unary = unary_from_softmax(np.ascontiguousarray(probabilities, dtype=np.float32))
    return mean_field(image, unary, parameters)


def mean_field(image: np.ndarray, unary: np.ndarray, parameters: PairwiseParameters) -> np.ndarray:
    """Return the label probabilities after inference.

    Both pairwise kernels are Potts terms, normalised symmetrically.

    Args:
        image: H×W×3 uint8, the original RGB values.
        unary: K×HW float32, negative logarithms of probabilities.
        parameters: the pairwise terms.

    Returns:
        K×H×W float32.
    """
    from pydensecrf import densecrf

    height, width = image.shape[:2]
    crf = densecrf.DenseCRF2D(width, height, len(unary))
    crf.setUnaryEnergy(np.ascontiguousarray(unary))
    crf.addPairwiseGaussian(sxy=parameters.gaussian_sxy, compat=parameters.gaussian_compat)
    crf.addPairwiseBilateral(
        sxy=parameters.bilateral_sxy,
        srgb=parameters.bilateral_srgb,
        # The library asks for an array that could be written.
        rgbim=np.array(image, order="C"),
        compat=parameters.bilateral_compat,
    )
    probabilities = np.asarray(crf.inference(parameters.iterations))
    return probabilities.reshape(len(unary), height, width)
