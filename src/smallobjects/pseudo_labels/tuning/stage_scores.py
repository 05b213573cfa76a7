"""The scores that a stage compares with its threshold, image by image."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from smallobjects.pseudo_labels.attention.store import enlarge, read_attention
from smallobjects.pseudo_labels.cams.maps import to_image_size
from smallobjects.pseudo_labels.cams.stores import CamStores
from smallobjects.pseudo_labels.irn.edges import load_edges, predict_edges
from smallobjects.pseudo_labels.irn.propagation import walked_scores
from smallobjects.pseudo_labels.parameters import RandomWalkParameters

StageScores = Callable[[np.ndarray, str], tuple[np.ndarray, np.ndarray]]
"""Takes an image, H×W×3 uint8, and its id; gives K class ids and K×H×W float32 in [0, 1]."""


def cam_scores(stores: CamStores) -> StageScores:
    """Return what gives class activation maps in the size of the image."""

    def scores(image: np.ndarray, image_id: str) -> tuple[np.ndarray, np.ndarray]:
        height, width = image.shape[:2]
        classes, maps = stores.read(image_id, (height, width))
        if len(classes) == 0:
            return classes, np.zeros((0, height, width), dtype=np.float32)
        return classes, to_image_size(torch.from_numpy(maps), height, width).numpy()

    return scores


def walk_scores(
    stores: CamStores, edges: Path, parameters: RandomWalkParameters, device: torch.device
) -> StageScores:
    """Return what runs the random walk, and gives what its threshold is compared with.

    Args:
        stores: the open maps.
        edges: the trained edge network.
        parameters: of the walk; its threshold is not read.
        device: where to compute.

    Raises:
        BadInputError: `edges` holds something else.
    """
    network = load_edges(edges).to(device)

    def scores(image: np.ndarray, image_id: str) -> tuple[np.ndarray, np.ndarray]:
        height, width = image.shape[:2]
        classes, maps = stores.read(image_id, (height, width))
        if len(classes) == 0:
            return classes, np.zeros((0, height, width), dtype=np.float32)
        edge_map = predict_edges(network, image, parameters.pad_to, device)
        return classes, walked_scores(maps, edge_map, height, width, parameters)

    return scores


def attention_scores(path: Path, image_ids: list[str]) -> StageScores:
    """Return what gives attention maps in the size of the image.

    Raises:
        BadInputError: the file is no store of attention maps, or lacks an image.
    """
    found = read_attention(path, image_ids)

    def scores(image: np.ndarray, image_id: str) -> tuple[np.ndarray, np.ndarray]:
        classes, maps = found[image_id]
        return classes, enlarge(maps, *image.shape[:2], "bilinear")

    return scores
