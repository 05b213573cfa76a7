"""Wide ResNet-38 at stride 8 (EDAM)."""

from pathlib import Path

from smallobjects.backbones.backbone import Backbone
from smallobjects.backbones.wide_resnet import wide_resnet38_stages


def build(weights: Path | None) -> Backbone:
    """Return the network; `weights` is the published MXNet file or a torch state dict of it."""
    return Backbone(*wide_resnet38_stages(weights))
