"""The DeepLabV2 head: four dilated convolutions, summed."""

from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from smallobjects.losses import nearest_labels


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Sum of 3×3 convolutions of several dilations, with bias, without normalisation.

    Weights start from N(0, 0.01), biases from 0 (Chen et al., DeepLab, TPAMI 2018; ASPP-L).
    The loss is computed at the resolution of the logits: labels are brought down to it by the
    pixel nearest to each centre, logits are not enlarged.
    """

    def __init__(
        self,
        in_channels: int,
        dilations: Sequence[int] = (6, 12, 18, 24),
        **kwargs: Any,
    ) -> None:
        """Build the head.

        Args:
            in_channels: channels of the feature map.
            dilations: dilation (and padding) of each convolution.
            kwargs: arguments of MMSegmentation's BaseDecodeHead, such as `num_classes`.
        """
        kwargs.setdefault("dropout_ratio", 0)
        kwargs.setdefault("init_cfg", {"type": "Normal", "layer": "Conv2d", "std": 0.01})
        super().__init__(in_channels, in_channels, **kwargs)
        del self.conv_seg
        self.branches = nn.ModuleList(
            nn.Conv2d(self.in_channels, self.out_channels, 3, padding=dilation, dilation=dilation)
            for dilation in dilations
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return N×classes×h×w logits at the resolution of the feature map."""
        features = self._transform_inputs(inputs)
        if self.dropout is not None:
            features = self.dropout(features)
        return sum(branch(features) for branch in self.branches)

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: list) -> dict[str, Tensor]:
        """Return the losses of N×classes×h×w logits against labels brought to h×w."""
        labels = self._stack_batch_gt(batch_data_samples).squeeze(1)
        labels = nearest_labels(labels, seg_logits.shape[2:])
        losses: dict[str, Tensor] = {}
        several = isinstance(self.loss_decode, nn.ModuleList)
        for loss in self.loss_decode if several else [self.loss_decode]:
            value = loss(seg_logits, labels, ignore_index=self.ignore_index)
            losses[loss.loss_name] = losses.get(loss.loss_name, 0) + value
        return losses
