"""The loss of NS-ROM's integral model."""

import torch
from torch import Tensor
from torch.nn import functional


def integral_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return mean_{t>0} −t log σ(x) + mean_{t=0} −log(1 − σ(x)) over all cells and classes.

    The public code caps the second term at 18.4 by an ε in its logarithm; here it is exact. A mean
    over no cell is 0.

    Args:
        logits: B×C×h×w, x.
        targets: B×C×h×w in [0, 1], t; 0 for classes that are not in the image.
    """
    positive = targets > 0
    losses = torch.where(
        positive, -targets * functional.logsigmoid(logits), functional.softplus(logits)
    )

    def mean(chosen: Tensor) -> Tensor:
        return (losses * chosen).sum() / chosen.sum().clamp(min=1)

    return mean(positive) + mean(~positive)
