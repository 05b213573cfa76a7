"""Dense CRF on hard labels or probabilities (Krähenbühl and Koltun 2011), by pydensecrf."""

from pathlib import Path

import numpy as np
from pydensecrf import densecrf
from pydensecrf.utils import unary_from_labels, unary_from_softmax

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.parameters import CrfParameters, PairwiseParameters


def refine_labels(
    image: np.ndarray, labels: np.ndarray, num_labels: int, parameters: CrfParameters
) -> np.ndarray:
    """Refine a label map by mean-field inference with the image's colours.

    A pixel's own label has probability `label_confidence`, the others share the rest. Both
    pairwise kernels are Potts terms, normalised symmetrically.

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
    probabilities = mean_field(image, labels, num_labels, parameters)
    return probabilities.argmax(axis=0).astype(labels.dtype)


def mean_field(
    image: np.ndarray, labels: np.ndarray, num_labels: int, parameters: CrfParameters
) -> np.ndarray:
    """Return the label probabilities, num_labels×H×W float32; arguments as `refine_labels`."""
    unary = unary_from_labels(labels, num_labels, parameters.label_confidence, zero_unsure=False)
    return _infer(image, unary, parameters)


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
    if parameters.iterations == 0:
        return probabilities.astype(np.float32)
    unary = unary_from_softmax(np.ascontiguousarray(probabilities, dtype=np.float32))
    return _infer(image, unary, parameters)


def refine_prediction(
    dataset: Path, parameters: PairwiseParameters, item: tuple[str, np.ndarray]
) -> tuple[str, np.ndarray]:
    """Refine the probabilities of an image of a dataset and return its id and class map.

    Args:
        dataset: folder of the prepared dataset.
        parameters: the pairwise terms.
        item: image id, and C×H×W float probabilities at the image's size.

    Returns:
        The id and H×W uint8 with 0..C − 1.
    """
    image_id, probabilities = item
    image = read_image(PreparedDataset.open(dataset), image_id)
    refined = refine_probabilities(image, probabilities, parameters)
    return image_id, refined.argmax(axis=0).astype(np.uint8)


def _infer(image: np.ndarray, unary: np.ndarray, parameters: PairwiseParameters) -> np.ndarray:
    """Return K×H×W float32 probabilities; `unary` is K×HW float32 negative logarithms."""
    height, width = image.shape[:2]
    crf = densecrf.DenseCRF2D(width, height, len(unary))
    crf.setUnaryEnergy(np.ascontiguousarray(unary))
    crf.addPairwiseGaussian(sxy=parameters.gaussian_sxy, compat=parameters.gaussian_compat)
    crf.addPairwiseBilateral(
        sxy=parameters.bilateral_sxy,
        srgb=parameters.bilateral_srgb,
        rgbim=np.array(image, order="C"),
        compat=parameters.bilateral_compat,
    )
    probabilities = np.asarray(crf.inference(parameters.iterations))
    return probabilities.reshape(len(unary), height, width)
