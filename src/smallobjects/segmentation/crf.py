"""The dense CRF on what a network predicts."""

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.dense_crf import PairwiseParameters, refine_probabilities


def refine_image(
    dataset: PreparedDataset, parameters: PairwiseParameters, found: tuple[str, np.ndarray]
) -> tuple[str, np.ndarray]:
    """Return the class map of an image, refined.

    Importing this starts no torch, so that it may work in many processes.

    Args:
        dataset: of the image.
        parameters: the CRF's pairwise terms.
        found: image id, and C×H×W float32 class probabilities at the image's size.

    Returns:
        The id, and H×W uint8 class ids in 0..C − 1.
    """
    image_id, probabilities = found
    refined = refine_probabilities(dataset.read_image(image_id), probabilities, parameters)
    return image_id, refined.argmax(axis=0).astype(np.uint8)
