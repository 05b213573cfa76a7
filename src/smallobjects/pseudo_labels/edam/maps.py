"""Masks of the classes that an image has, over several scales and the mirror image (EDAM)."""

import numpy as np
import torch

from smallobjects.pseudo_labels.cams.maps import multi_scale_maps
from smallobjects.pseudo_labels.edam.network import EdamNetwork
from smallobjects.pseudo_labels.parameters import MapParameters


def class_masks(
    network: EdamNetwork,
    image: np.ndarray,
    classes: tuple[int, ...],
    parameters: MapParameters,
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
    return multi_scale_maps(network.masks, image, classes, parameters, device)
