"""The backbone of DeepLabV1: VGG-16 with a large field of view."""

from collections.abc import Mapping
from typing import Any

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from smallobjects.segmentation.pretrained import PublishedWeights

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and number of the 3×3 convolutions of each stage of VGG-16."""
_DILATION_OF_LAST_STAGE = 2


@MODELS.register_module()
class LargeFovVgg(PublishedWeights, BaseModule):
    """VGG-16 at output stride 8, with its fully-connected layers as dilated convolutions.

    After DeepLab-LargeFOV (Chen et al., ICLR 2015; the published prototxt): 3×3 max pooling, of
    stride 1 from the fourth on, conv5 dilated by 2, an average pooling, `fc6` as a 3×3 convolution
    of 1024 filters dilated by 12, `fc7` as a 1×1 convolution of 1024 filters, each with dropout.
    """

    def __init__(self, dropout_ratio: float = 0.5, init_cfg: dict | None = None) -> None:
        """Build the network.

        Args:
            dropout_ratio: share of values dropped after `fc6` and after `fc7`.
            init_cfg: MMEngine's initialisation; `Pretrained` reads torchvision's VGG-16.
        """
        super().__init__(init_cfg)
        layers: list[nn.Module] = []
        channels = 3
        for number, (width, depth) in enumerate(STAGES, start=1):
            dilation = _DILATION_OF_LAST_STAGE if number == len(STAGES) else 1
            for _ in range(depth):
                layers.append(nn.Conv2d(channels, width, 3, padding=dilation, dilation=dilation))
                layers.append(nn.ReLU(inplace=True))
                channels = width
            stride = 2 if number <= 3 else 1
            layers.append(nn.MaxPool2d(3, stride, padding=1, ceil_mode=True))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)
        self.fc6 = nn.Conv2d(channels, 1024, 3, padding=12, dilation=12)
        self.fc7 = nn.Conv2d(1024, 1024, 1)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(dropout_ratio)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Return the 1024-channel feature map at stride 8."""
        maps = self.pool(self.features(images))
        for layer in (self.fc6, self.fc7):
            maps = self.dropout(self.relu(layer(maps)))
        return (maps,)

    @staticmethod
    def renamed_weights(weights: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return torchvision's VGG-16 under the names here, its classifier thinned out.

        As the published network was made from VGG-16: every fourth of the 4096 filters is kept, and
        of the 7×7 window every third row and column, so that `fc6` is 3×3 and dilated.
        """
        renamed = {
            name: each for name, each in weights.items() if not name.startswith("classifier.")
        }
        if "classifier.0.weight" in weights and "classifier.3.weight" in weights:
            fc6 = weights["classifier.0.weight"].unflatten(1, (-1, 7, 7))
            renamed["fc6.weight"] = fc6[::4, :, ::3, ::3].contiguous()
            renamed["fc6.bias"] = weights["classifier.0.bias"][::4].contiguous()
            fc7 = weights["classifier.3.weight"][::4, ::4]
            renamed["fc7.weight"] = fc7[:, :, None, None].contiguous()
            renamed["fc7.bias"] = weights["classifier.3.bias"][::4].contiguous()
        return renamed
