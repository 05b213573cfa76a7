"""Cross-entropy in which every pixel has a weight of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor

from smallobjects.losses.label_checks import check_integer_labels, check_label_classes


def weighted_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    ignore_index: int = 255,
    total: Tensor | None = None,
) -> Tensor:
    """Return Σ w·CE / Σ w over all pixels of the batch.

        >>> logits = torch.tensor([[[[0.0, 2.0]], [[0.0, 0.0]]]])  # one image of 1×2, two classes
        >>> labels, weights = torch.tensor([[[0, 1]]]), torch.tensor([[[1.0, 3.0]]])
        >>> weighted_cross_entropy(logits, labels, weights)  # (log 2 + 3 log(1 + e²)) / 4
        tensor(1.7685)

    Args:
        logits: N×C×H×W scores before the softmax, floating point; half precision is computed
            with in float32.
        labels: N×H×W integer class ids, 0..C-1 or `ignore_index`.
        weights: N×H×W weights, not negative; pixels of `ignore_index` must weigh 0.
        ignore_index: the label of pixels that take no part.
        total: scalar to divide by instead of Σ w, where this is one part of a larger batch.

    Returns:
        The scalar loss; 0, with zero gradients, if no pixel has any weight.

    Raises:
        ValueError: the sizes differ, `labels` are no integers, or a label is no class. The last is
            found on the CPU alone: a GPU would have to wait for the answer, and ends in an
            assertion of CUDA's instead.
    """
    check_logits(logits)
    _check_shapes(logits, labels, weights)
    check_integer_labels(labels)
    if labels.device.type == "cpu" and not torch.compiler.is_compiling():
        check_label_classes(labels, logits.shape[1], ignore_index)
    per_pixel = F.cross_entropy(
        in_single(logits), labels.long(), ignore_index=ignore_index, reduction="none"
    )
    total = weights.sum() if total is None else total
    # The lower bound replaces a test for "no pixel" that would make a GPU wait for the answer.
    return (weights * per_pixel).sum() / total.clamp_min(torch.finfo(weights.dtype).tiny)


def in_single(logits: Tensor) -> Tensor:
    """Return logits of half precision as float32, and others as they are."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def check_logits(logits: Tensor) -> None:
    """Refuse what is no tensor of scores.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        kind = getattr(logits, "dtype", type(logits).__name__)
        raise ValueError(
            f"logits of {kind}; expected a tensor of floating point: of what a network returns, "
            "give the scores, such as `outputs.logits`"
        )


def _check_shapes(logits: Tensor, labels: Tensor, weights: Tensor) -> None:
    if logits.ndim != 4 or labels.ndim != 3 or len(logits) != len(labels):
        remedy = "expected N×C×H×W, N×H×W and N×H×W"
    elif logits.shape[2:] != labels.shape[1:]:
        remedy = (
            "size_balanced_loss(logits, labels) brings the logits to the size of the "
            "labels, and finds the weights there"
        )
    elif weights.shape != labels.shape:
        remedy = "expected a weight for each label: N×H×W"
    else:
        return
    logits, labels, weights = (tuple(each.shape) for each in (logits, labels, weights))
    raise ValueError(f"logits {logits}, labels {labels} and weights {weights}; {remedy}")
