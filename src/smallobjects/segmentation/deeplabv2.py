"""The DeepLabV2 head: four dilated convolutions, summed."""

from collections.abc import Sequence
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor, nn

from smallobjects.segmentation.logit_resolution import LogitResolutionHead


@MODELS.register_module()
class DeepLabV2Head(LogitResolutionHead):
    """Sum of 3×3 convolutions of several dilations, with bias, without normalisation.

    Weights start from N(0, 0.01), biases from 0 (Chen et al., DeepLab, TPAMI 2018; ASPP-L). The
    loss is taken at the resolution of the logits.
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
