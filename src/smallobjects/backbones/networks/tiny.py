"""A few convolutions at stride 4 that learn from random values on one CPU."""

from pathlib import Path

from torch import nn

from smallobjects.backbones.backbone import Backbone
from smallobjects.errors import BadInputError

CHANNELS = (24, 32, 48, 64, 96)
STRIDE = 4


def build(weights: Path | None) -> Backbone:
    """Return the network, which has no pretrained weights."""
    if weights is not None:
        raise BadInputError(f"{weights}: the network `tiny` has no pretrained weights; use null")
    stem = nn.Sequential(_block(3, CHANNELS[0], 2), _block(CHANNELS[0], CHANNELS[0], 2))
    layers = [_block(CHANNELS[i], CHANNELS[i + 1], 1) for i in range(4)]
    return Backbone([stem, *layers], [(channels, STRIDE) for channels in CHANNELS])


def _block(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )
