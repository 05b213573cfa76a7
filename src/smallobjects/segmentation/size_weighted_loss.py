"""The losses of the arms as a loss module of MMSegmentation."""

from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

from smallobjects.losses import size_weights, uniform_weights, weighted_cross_entropy


@MODELS.register_module()
class SizeWeightedCrossEntropy(nn.Module):
    """Cross-entropy (`tau` None) or size-weighted cross-entropy L_sw, for any decode head.

    Components are found at the resolution at which the head hands over logits and labels.
    """

    def __init__(
        self, tau: float | None = None, loss_weight: float = 1.0, loss_name: str = "loss_ce"
    ) -> None:
        """Build the loss.

        Args:
            tau: largest weight of a pixel in L_sw; None gives every pixel the weight 1.
            loss_weight: factor of the whole loss.
            loss_name: name in the head's losses; must start with `loss_`.
        """
        super().__init__()
        self.tau = tau
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
        **_: Any,
    ) -> Tensor:
        """Return the scalar loss.

        Args:
            cls_score: N×C×H×W logits.
            label: N×H×W int64 class ids.
            weight: N×H×W weights found beforehand, 0 where ignored; None finds them here.
            ignore_index: label of pixels that take no part.
        """
        if weight is None and self.tau is None:
            weight = uniform_weights(label, ignore_index)
        elif weight is None:
            weight = size_weights(label, self.tau, ignore_index)
        loss = weighted_cross_entropy(cls_score.float(), label, weight, ignore_index)
        return self.loss_weight * loss
