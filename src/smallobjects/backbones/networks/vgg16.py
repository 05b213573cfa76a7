"""VGG-16 without its fully connected layers, at stride 8 (NS-ROM, RCA)."""

from pathlib import Path

from smallobjects.backbones.backbone import Backbone
from smallobjects.backbones.vgg import vgg16_stages


def build(weights: Path | None) -> Backbone:
    """Return the network; `weights` is a torchvision state dict."""
    return Backbone(*vgg16_stages(weights))
