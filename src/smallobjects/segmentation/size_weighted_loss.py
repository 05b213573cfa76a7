"""The losses of the arms as a loss module of MMSegmentation."""

from collections.abc import Iterable
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

from smallobjects.losses import size_weights, uniform_weights, weighted_cross_entropy
from smallobjects.segmentation.distributed import over_processes, process_count


@MODELS.register_module()
class SizeWeightedCrossEntropy(nn.Module):
    """Cross-entropy (`tau` None) or size-weighted cross-entropy L_sw, for any decode head.

    Components are found at the resolution at which the head hands over logits and labels. Weights
    that the data pipeline has found (`AddSizeWeights`, handed over by `SizeWeightHook`) are used;
    for a resolution of which there are none they are found here, while the device waits.

    The sums run over the whole batch, also where several processes train on parts of it: the loss
    of each process is its part of the numerator, times their number, over the common denominator,
    so that the mean that `torch.distributed` takes of the gradients is that of the whole batch.
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
        self.active = True
        """False: every pixel weighs 1, whatever `tau` is."""
        self._found: dict[tuple[int, ...], Tensor] = {}

    def expect(self, weights: Iterable[Tensor]) -> None:
        """Take the size weights of the coming batch, N×h×w float32, one for each resolution."""
        self._found = {tuple(each.shape): each for each in weights}

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
            weight: N×H×W weights to use instead, 0 where ignored.
            ignore_index: label of pixels that take no part.
        """
        if weight is None:
            weight = self._weights(label, ignore_index)
        total = over_processes(weight.sum())
        loss = weighted_cross_entropy(cls_score.float(), label, weight, ignore_index, total)
        return self.loss_weight * process_count() * loss

    def _weights(self, label: Tensor, ignore_index: int) -> Tensor:
        if self.tau is None or not self.active:
            return uniform_weights(label, ignore_index)
        found = self._found.get(tuple(label.shape))
        return size_weights(label, self.tau, ignore_index) if found is None else found
