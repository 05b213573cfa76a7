"""VGG-16 at stride 8, cut into five stages: one per block of convolutions, before its pooling.

The fourth pooling keeps the resolution and the fifth block is dilated by 2, so that the 13
convolutions still take the weights that were trained at stride 32.
"""

from pathlib import Path

import torch
from torch import nn

from smallobjects.backbones.pretrained import load_torchvision

CHANNELS = (64, 128, 256, 512, 512)
STRIDES = (1, 2, 4, 8, 8)
FULLY_CONNECTED_CHANNELS = 1024


def vgg16_stages(
    weights: Path | None = None,
    *,
    pooling: int = 2,
    fully_connected: bool = False,
    dilation: int = 1,
) -> tuple[list[nn.Sequential], list[tuple[int, int]]]:
    """Return the stages of VGG-16 at stride 8.

    Args:
        weights: torchvision state dict of VGG-16, whose convolutions are all loaded; `None` leaves
            random values (He et al.). The fully connected layers never are in it.
        pooling: window of the poolings of stride 2. 2 is VGG's own, as in NS-ROM and RCA; 3 is
            DeepLab's, as in BANA. Sides that do not divide are rounded up.
        fully_connected: end as DeepLab's LargeFOV variant does: pooling and average pooling at
            stride 1, a 3×3 convolution (fc6) and a 1×1 convolution (fc7) of 1024 channels, each
            followed by dropout of whole channels with probability 0.5.
        dilation: of fc6; 1 in BANA's label generator, 12 in LargeFOV.

    Returns:
        The five stages, and (channels, stride) of what each puts out.

    Raises:
        BadInputError: the weights are missing or do not fit.
    """
    from torchvision.models.vgg import cfgs, make_layers

    layers = nn.Module()
    layers.features = make_layers(cfgs["D"], batch_norm=False)
    _initialise(layers)
    if weights is not None:
        load_torchvision(layers, weights, "VGG-16", "classifier.")
    blocks: list[list[nn.Module]] = [[]]
    for layer in layers.features:
        if isinstance(layer, nn.MaxPool2d):
            blocks.append([])
        else:
            blocks[-1].append(layer)
    for layer in blocks[4]:
        if isinstance(layer, nn.Conv2d):
            layer.dilation = layer.padding = (2, 2)
    pools = [_halving(pooling) for _ in range(3)] + [nn.MaxPool2d(3, stride=1, padding=1)]
    stages = [blocks[0], *([pool, *block] for pool, block in zip(pools, blocks[1:5], strict=True))]
    channels = CHANNELS
    if fully_connected:
        stages[4] = [*stages[4], *_large_field_of_view(dilation)]
        channels = (*CHANNELS[:4], FULLY_CONNECTED_CHANNELS)
    return [nn.Sequential(*stage) for stage in stages], list(zip(channels, STRIDES, strict=True))


def _halving(window: int) -> nn.MaxPool2d:
    """Return a pooling that puts out ceil(side / 2)."""
    if window == 2:
        return nn.MaxPool2d(2, stride=2, ceil_mode=True)
    return nn.MaxPool2d(window, stride=2, padding=window // 2)


def _large_field_of_view(dilation: int) -> list[nn.Module]:
    width = FULLY_CONNECTED_CHANNELS
    layers = nn.Sequential(
        nn.MaxPool2d(3, stride=1, padding=1),
        nn.AvgPool2d(3, stride=1, padding=1),
        nn.Conv2d(CHANNELS[-1], width, 3, padding=dilation, dilation=dilation),
        nn.ReLU(inplace=True),
        nn.Dropout2d(0.5),
        nn.Conv2d(width, width, 1),
        nn.ReLU(inplace=True),
        nn.Dropout2d(0.5),
    )
    _initialise(layers)
    return list(layers)


@torch.no_grad()
def _initialise(layers: nn.Module) -> None:
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
