"""The regions of classes, and the average of features over them."""

import torch
from torch import Tensor


def region_masks(coarse: Tensor) -> Tensor:
    """Return where each class is more probable than it is on average over the image.

    Args:
        coarse: B×C×h×w maps of the coarse head; the softmax is over the classes.

    Returns:
        B×C×h×w bool, without a gradient. Empty where a class is equally probable everywhere.
    """
    probabilities = coarse.detach().softmax(dim=1)
    return probabilities > probabilities.mean(dim=(2, 3), keepdim=True)


def region_means(features: Tensor, masks: Tensor) -> Tensor:
    """Return the mean of d×h×w features over each of M×h×w masks, M×d; 0 over an empty one."""
    flat = masks.flatten(1).to(features.dtype)
    sums = flat @ features.flatten(1).T
    return sums / flat.sum(dim=1, keepdim=True).clamp(min=1)


def present(targets: Tensor) -> list[list[int]]:
    """Return the indices of the classes of each image, of B×C multi-hot targets."""
    return [torch.nonzero(target > 0).flatten().tolist() for target in targets]
