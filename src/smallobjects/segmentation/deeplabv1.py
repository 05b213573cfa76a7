"""The head of DeepLabV1: one convolution that classifies every position."""

from collections.abc import Sequence
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor

from smallobjects.segmentation.logit_resolution import LogitResolutionHead


@MODELS.register_module()
class DeepLabV1Head(LogitResolutionHead):
    """A 1×1 convolution with bias, whose loss is taken at the resolution of the feature map.

    It is `fc8` of LargeFOV (Chen et al., ICLR 2015) and, behind a dilated ResNet, what the
    weakly-supervised literature calls DeepLabV1. Weights start from N(0, 0.01), biases from 0.
    """

    def __init__(self, in_channels: int, **kwargs: Any) -> None:
        """Build the head.

        Args:
            in_channels: channels of the feature map.
            kwargs: arguments of MMSegmentation's BaseDecodeHead, such as `num_classes`.
        """
        kwargs.setdefault("dropout_ratio", 0)
        super().__init__(in_channels, in_channels, **kwargs)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return N×classes×h×w logits at the resolution of the feature map."""
        return self.cls_seg(self._transform_inputs(inputs))
