"""Dense CRF on class probabilities (Krähenbühl and Koltun 2011), by pydensecrf."""

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.segmentation.parameters import DenseCrfParameters


def refine_image(
    dataset: PreparedDataset, parameters: DenseCrfParameters, found: tuple[str, np.ndarray]
) -> tuple[str, np.ndarray]:
    """Return the id and the refined classes of an image, given its id and class probabilities.

    Importing this starts no torch, so that it may work in many processes.
    """
    image_id, probabilities = found
    image = dataset.read_image(image_id)
    return image_id, refine_probabilities(image, probabilities, parameters)


def refine_probabilities(
    image: np.ndarray, probabilities: np.ndarray, parameters: DenseCrfParameters
) -> np.ndarray:
    """Return the classes that are most probable after mean-field inference.

    Args:
        image: H×W×3 uint8, the original RGB values.
        probabilities: C×H×W float32, of sum 1 over the classes.
        parameters: the CRF's settings.

    Returns:
        H×W uint8 class ids in 0..C − 1.
    """
    from pydensecrf import densecrf
    from pydensecrf.utils import unary_from_softmax

    classes, height, width = probabilities.shape
    crf = densecrf.DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(np.ascontiguousarray(unary_from_softmax(probabilities)))
    crf.addPairwiseGaussian(sxy=parameters.gaussian_sxy, compat=parameters.gaussian_compat)
    crf.addPairwiseBilateral(
        sxy=parameters.bilateral_sxy,
        srgb=parameters.bilateral_srgb,
        # The library asks for an array that could be written.
        rgbim=np.array(image, order="C"),
        compat=parameters.bilateral_compat,
    )
    refined = np.asarray(crf.inference(parameters.iterations))
    return refined.argmax(axis=0).reshape(height, width).astype(np.uint8)
