"""Label maps from class activation maps that walked along affinities (IRN)."""

import numpy as np
import torch
from torch import Tensor

from smallobjects.pseudo_labels.cams.maps import label_by_argmax, to_image_size
from smallobjects.pseudo_labels.irn.random_walk import random_walk
from smallobjects.pseudo_labels.parameters import RandomWalkParameters


def walked_scores(
    maps: np.ndarray, edges: Tensor, height: int, width: int, parameters: RandomWalkParameters
) -> np.ndarray:
    """Return the scores of one image's classes after the walk.

    The walked maps are enlarged and divided by the largest value over all classes.

    Args:
        maps: K×h×w float32 in [0, 1], at stride 4; K ≥ 1.
        edges: h×w in [0, 1]; the walk runs on its device.
        height: of the image.
        width: of the image.
        parameters: the settings.

    Returns:
        K×height×width float32 in [0, 1].
    """
    powered = torch.from_numpy(maps).to(edges.device) ** parameters.cam_power
    walked = random_walk(powered, edges, parameters.radius, parameters.beta, steps=parameters.steps)
    scores = to_image_size(walked, height, width)
    # A map of zeros has no largest value to divide by, and stays background.
    return (scores / scores.amax().clamp(min=torch.finfo(scores.dtype).tiny)).cpu().numpy()


def propagate_label(
    classes: np.ndarray,
    maps: np.ndarray,
    edges: Tensor,
    height: int,
    width: int,
    parameters: RandomWalkParameters,
) -> np.ndarray:
    """Make the label map of one image: the walked scores against a constant background score.

    Args:
        classes: K class ids; without any the label is all background.
        maps: K×h×w float32 in [0, 1], at stride 4.
        edges: h×w in [0, 1]; the walk runs on its device.
        height: of the image.
        width: of the image.
        parameters: the settings.

    Returns:
        height×width uint8 with 0 and the class ids.
    """
    if len(classes) == 0:
        return np.zeros((height, width), dtype=np.uint8)
    scores = walked_scores(maps, edges, height, width, parameters)
    return label_by_argmax(classes, scores, parameters.background_threshold)
