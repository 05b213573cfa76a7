"""ResNet-50 with strides (2, 2, 2, 1): output stride 16, without dilation (IRN)."""

from pathlib import Path

from smallobjects.backbones.backbone import Backbone
from smallobjects.backbones.resnet import resnet


def build(weights: Path | None) -> Backbone:
    """Return the network; `weights` is a torchvision state dict."""
    return resnet(50, weights, output_stride=16)
