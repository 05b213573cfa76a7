"""Labels at the resolution of a network's output."""

import torch
from torch import Tensor


def nearest_labels(labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Return labels of another height and width, each the label nearest to its pixel's centre.

    This is the rule of Pillow and of torch's `nearest-exact`, in exact integers: row i of h reads
    row ⌊(i + ½)·H / h⌋ of H. Torch's plain `nearest` and OpenCV read the pixel at the upper left
    corner instead, which shifts the labels by up to half an output pixel.

        >>> nearest_labels(torch.tensor([[1, 2, 3, 4]]), (1, 2))
        tensor([[2, 4]])

    Args:
        labels: ...×H×W labels of any type.
        size: height and width of the result.

    Returns:
        ...×h×w labels of the same type.
    """
    rows, columns = (
        (2 * torch.arange(new, device=labels.device) + 1) * old // (2 * new)
        for new, old in zip(size, labels.shape[-2:], strict=True)
    )
    return labels[..., rows[:, None], columns]
