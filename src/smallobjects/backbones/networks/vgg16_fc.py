"""VGG-16 with two convolutions in place of its fully connected layers, at stride 8 (BANA)."""

from pathlib import Path

from smallobjects.backbones.backbone import Backbone
from smallobjects.backbones.vgg import vgg16_stages


def build(weights: Path | None) -> Backbone:
    """Return the network; `weights` is a torchvision state dict of VGG-16."""
    return Backbone(*vgg16_stages(weights, pooling=3, fully_connected=True))
