"""L_sw in one call: for logits of any resolution, of one scale or of several."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from smallobjects.losses.cross_entropy import check_logits, in_single, weighted_cross_entropy
from smallobjects.losses.size_weighting import size_weights


def size_balanced_loss(
    logits: Tensor | Sequence[Tensor],
    labels: Tensor,
    tau: float = 5.0,
    ignore_index: int = 255,
    scale_weights: Sequence[float] | None = None,
) -> Tensor:
    """Return the size-weighted cross-entropy L_sw, at the resolution of the labels.

    Logits of another height and width are enlarged (bilinear, corners not aligned), as the heads of
    MMSegmentation do before their loss. With `ElasticWeightConsolidation` it is the whole L_sb.

        >>> labels = torch.zeros(1, 8, 8, dtype=torch.long)
        >>> labels[0, 0, 0], labels[0, 4:, 4:] = 1, 2
        >>> quarter, half = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 4, 4)  # all classes alike
        >>> f"{size_balanced_loss(quarter, labels):.4f}"  # log 3
        '1.0986'
        >>> f"{size_balanced_loss([quarter, half], labels, scale_weights=[1, 0.4]):.4f}"
        '1.5381'

    In a process of its own, as under DistributedDataParallel, the weights of its part of the batch
    are divided by their own sum, and gradients are averaged, as torch's cross-entropy does.

    Args:
        logits: N×C×h×w scores before the softmax, floating point; or several of them, from the
            layers of a network that all learn the same labels. Half precision, as under autocast,
            is brought to float32 first.
        labels: N×H×W integer class ids, 0..C-1 or `ignore_index`.
        tau: largest weight of a pixel, above 0.
        ignore_index: the label of pixels that take no part: 255, or -100 in torch's own losses.
        scale_weights: with several logits, what each loss counts in their sum, such as
            (1.0, 0.4) for a head and an auxiliary one. All count alike in their mean if not given.

    Returns:
        The scalar loss, float32 or that of the logits if that is float64.

    Raises:
        ValueError: as `size_weights` and `weighted_cross_entropy`; logits are N×H×W×C, none, or not
            as many as `scale_weights`.
    """
    scales = list(logits) if isinstance(logits, list | tuple) else [logits]
    if not scales:
        raise ValueError("no logits at all; expected a tensor, or a list of at least one")
    if scale_weights is None:
        scale_weights = [1 / len(scales)] * len(scales)
    if len(scale_weights) != len(scales):
        raise ValueError(
            f"{len(scale_weights)} scale_weights for {len(scales)} logits; give one for each"
        )
    for scale in scales:
        check_logits(scale)
    weights = size_weights(labels, tau, ignore_index)
    losses = [
        factor * weighted_cross_entropy(_enlarged(scale, labels), labels, weights, ignore_index)
        for factor, scale in zip(scale_weights, scales, strict=True)
    ]
    return torch.stack(losses).sum()


def _enlarged(logits: Tensor, labels: Tensor) -> Tensor:
    logits = in_single(logits)
    if logits.ndim != 4 or labels.ndim != 3 or logits.shape[2:] == labels.shape[1:]:
        return logits
    if logits.shape[1:3] == labels.shape[1:]:
        raise ValueError(
            f"logits {tuple(logits.shape)} of labels {tuple(labels.shape)} have the classes last; "
            "expected N×C×h×w, as by logits.permute(0, 3, 1, 2)"
        )
    return F.interpolate(logits, labels.shape[1:], mode="bilinear", align_corners=False)
