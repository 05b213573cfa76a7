"""Masks of the classes that an image has, over several scales and the mirror image (EDAM)."""

import numpy as np
import torch

from smallobjects.pseudo_labels.cam import (
    divided_by_maximum,
    scaled_views,
    sum_scales,
    sum_views,
)
from smallobjects.pseudo_labels.edam.network import EdamNetwork
from smallobjects.pseudo_labels.parameters import CamParameters
from smallobjects.pseudo_labels.strides import strided_size


@torch.no_grad()
def class_masks(
    network: EdamNetwork,
    image: np.ndarray,
    classes: tuple[int, ...],
    parameters: CamParameters,
    device: torch.device,
) -> np.ndarray:
    """Return the masks of the classes that are present in an image.

    Args:
        network: in evaluation mode, on `device`.
        image: H×W×3 uint8 RGB.
        classes: K class ids from 1.
        parameters: scales and whether to add the mirror image.
        device: where to compute.

    Returns:
        K×ceil(H / 4)×ceil(W / 4) float32, each divided by (its maximum + 1e-5). The public code
        adds and keeps them at the size of the image.
    """
    size = strided_size(*image.shape[:2])
    if not classes:
        return np.zeros((0, *size), dtype=np.float32)
    channels = torch.tensor(classes, device=device) - 1
    views = (scaled_views(image, scale, parameters.flip, device) for scale in parameters.scales)
    maps = (sum_views(network.masks(view)[:, channels]) for view in views)
    return divided_by_maximum(sum_scales(maps, size))
