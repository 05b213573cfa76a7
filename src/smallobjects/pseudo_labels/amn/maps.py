"""Activation maps of the activation manipulation network, and their manipulation (AMN).

The authors' public code leaves dropout on when it makes the maps, and manipulates them a second
time at full size; here the maps at stride 4 are the only ones, as in all of the chain.
"""

import numpy as np
import torch
from torch import Tensor

from smallobjects.pseudo_labels.amn.network import AmnNetwork
from smallobjects.pseudo_labels.cams.maps import EPSILON, scaled_views, sum_scales, sum_views
from smallobjects.pseudo_labels.cams.strides import strided_size
from smallobjects.pseudo_labels.irn.seed_samples import strided_label
from smallobjects.pseudo_labels.parameters import MapParameters


def manipulate(probabilities: Tensor, seed: Tensor) -> Tensor:
    """Spread maps over 0..1 where the seed is not background.

    There a value becomes (p − min) / (max − min + 1e-5) of its map; elsewhere it stays.

    Args:
        probabilities: K×h×w in [0, 1].
        seed: h×w; 0 is sure background.

    Returns:
        K×h×w in [0, 1].
    """
    low = probabilities.amin(dim=(1, 2), keepdim=True)
    high = probabilities.amax(dim=(1, 2), keepdim=True)
    return torch.where(seed == 0, probabilities, (probabilities - low) / (high - low + EPSILON))


@torch.no_grad()
def amn_maps(
    network: AmnNetwork,
    image: np.ndarray,
    classes: tuple[int, ...],
    seed: np.ndarray,
    parameters: MapParameters,
    device: torch.device,
) -> np.ndarray:
    """Return the manipulated maps of the classes that are present in an image.

    The logits are averaged over scales and mirror image; their softmax is over all classes and the
    background.

    Args:
        network: in evaluation mode, on `device`.
        image: H×W×3 uint8 RGB.
        classes: K class ids from 1.
        seed: H×W uint8, the seed that the network was trained on.
        parameters: scales and whether to add the mirror image.
        device: where to compute.

    Returns:
        K×ceil(H / 4)×ceil(W / 4) float32 in [0, 1].
    """
    size = strided_size(*image.shape[:2])
    if not classes:
        return np.zeros((0, *size), dtype=np.float32)
    channels = torch.tensor(classes, device=device)
    target = torch.zeros(1, network.num_classes, device=device)
    target[0, channels - 1] = 1
    logits = []
    for scale in parameters.scales:
        views = scaled_views(image, scale, parameters.flip, device)
        logits.append(sum_views(network(views, target.expand(len(views), -1))) / len(views))
    probabilities = (sum_scales(logits, size) / len(logits)).softmax(dim=0)[channels]
    small_seed = torch.from_numpy(strided_label(seed)).to(device)
    return manipulate(probabilities, small_seed).cpu().numpy()
