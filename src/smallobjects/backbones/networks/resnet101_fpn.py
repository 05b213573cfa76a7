"""ResNet-101 at stride 32, as it goes under a feature pyramid (BBAM)."""

from pathlib import Path

from smallobjects.backbones.backbone import Backbone
from smallobjects.backbones.resnet import resnet


def build(weights: Path | None) -> Backbone:
    """Return the network; `weights` is a torchvision state dict."""
    return resnet(101, weights)
