"""Cross-entropy in which every pixel has a weight of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor


def weighted_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    ignore_index: int = 255,
    total: Tensor | None = None,
) -> Tensor:
    """Return Σ w·CE / Σ w over all pixels of the batch.

    Args:
        logits: N×C×H×W scores before the softmax, floating point.
        labels: N×H×W int64 class ids, 0..C-1 or `ignore_index`.
        weights: N×H×W weights, not negative; pixels of `ignore_index` must weigh 0.
        ignore_index: the label of pixels that take no part.
        total: scalar to divide by instead of Σ w, where this is one part of a larger batch.

    Returns:
        The scalar loss; 0, with zero gradients, if no pixel has any weight.
    """
    per_pixel = F.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="none")
    total = weights.sum() if total is None else total
    # The lower bound replaces a test for "no pixel" that would make a GPU wait for the answer.
    return (weights * per_pixel).sum() / total.clamp_min(torch.finfo(weights.dtype).tiny)
