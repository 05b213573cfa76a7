"""torchvision's ResNets, cut into stages."""

from pathlib import Path

import torchvision
from torch import nn

from smallobjects.backbones.backbone import Backbone
from smallobjects.backbones.pretrained import load_torchvision

CHANNELS = (64, 256, 512, 1024, 2048)
STRIDES = (4, 4, 8, 16, 32)


def resnet(depth: int, weights: Path | None, *, output_stride: int = 32) -> Backbone:
    """Return ResNet-50 or deeper, without dilation.

    Args:
        depth: 50, 101 or 152.
        weights: a state dict in torchvision's naming, if any.
        output_stride: 32, or 16: the last stage then keeps the resolution.

    Raises:
        BadInputError: the file is missing or does not fit.
    """
    network = torchvision.models.get_model(f"resnet{depth}", weights=None)
    if weights is not None:
        load_torchvision(network, weights, f"ResNet-{depth}", "fc.")
    if output_stride == 16:
        network.layer4[0].conv2.stride = (1, 1)
        network.layer4[0].downsample[0].stride = (1, 1)
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    strides = [min(stride, output_stride) for stride in STRIDES]
    return Backbone(
        [stem, network.layer1, network.layer2, network.layer3, network.layer4],
        list(zip(CHANNELS, strides, strict=True)),
    )
