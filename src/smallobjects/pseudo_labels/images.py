"""Reading images of a prepared dataset, with an error that names the file."""

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.errors import BadInputError


def read_image(dataset: PreparedDataset, image_id: str) -> np.ndarray:
    """Return an image as H×W×3 uint8 RGB.

    Raises:
        BadInputError: the file is missing or damaged.
    """
    try:
        return dataset.read_image(image_id)
    except (OSError, SyntaxError) as error:
        raise BadInputError(
            f"{dataset.image_path(image_id)}: cannot be read ({error}); replace the raw image and "
            "prepare the dataset again"
        ) from error
