"""The label source `full`: the ground truth, for the fully supervised rows."""

from collections.abc import Iterator

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset


def ground_truth_labels(
    dataset: PreparedDataset, image_ids: list[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the id and the H×W uint8 class mask of each image."""
    for image_id in image_ids:
        yield image_id, dataset.read_semantic(image_id)
