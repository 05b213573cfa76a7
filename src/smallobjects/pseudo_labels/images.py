"""Reading images of a prepared dataset, with an error that names the file."""

import numpy as np

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.errors import BadInputError


def read_image(dataset: PreparedDataset, image_id: str) -> np.ndarray:
    """Return an image as H×W×3 uint8 RGB.

    Raises:
        BadInputError: the file is missing or damaged.
    """
    try:
        return dataset.read_image(image_id)
    except DatasetError as error:
        raise BadInputError(str(error)) from error
