"""EfficientNet-Lite0 at stride 16: small enough to be trained further on a CPU.

The network is timm's `tf_efficientnet_lite0`. It was trained on images (x − 127) / 128: with
ImageNet's mean and deviation it recognises much less. Its batch normalisation is best left
`frozen` where batches are small.
"""

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from smallobjects.backbones.backbone import Backbone
from smallobjects.backbones.normalisation import Renormalise
from smallobjects.backbones.pretrained import load_weights

MEAN, DEVIATION = 127 / 255, 128 / 255
SHAPES = [(24, 4), (24, 4), (40, 8), (112, 16), (1280, 16)]
GROUPS = (1, 2, 2, 3, 3, 4, 1)
"""Blocks of each group, in timm's order; the package of the weights counts them through."""
OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
EXPANDED = {
    **{"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2"},
    **{"_project_conv": "conv_pwl", "_bn2": "bn3"},
}


def build(weights: Path | None) -> Backbone:
    """Return the network; `weights` is a state dict with timm's names or the package's."""
    import timm

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)
    if weights is not None:
        load_weights(network, weights, "EfficientNet-Lite0", ("classifier.", "_fc."), timm_names)
    blocks = [block for group in network.blocks for block in group]
    # Block 11 would halve the resolution.
    blocks[11].conv_dw.stride = (1, 1)
    first = [Renormalise((MEAN,) * 3, (DEVIATION,) * 3), network.conv_stem, network.bn1]
    last = [network.conv_head, network.bn2]
    stages = [[*first, *blocks[:2]], blocks[2:3], blocks[3:5], blocks[5:11], [*blocks[11:], *last]]
    backbone = Backbone([nn.Sequential(*stage) for stage in stages], SHAPES)
    # Depthwise convolutions are a quarter faster on a CPU in this layout.
    return backbone.to(memory_format=torch.channels_last)


def timm_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict under timm's names; one that has them already stays as it is."""
    return {_timm_name(name): value for name, value in state.items()}


def _timm_name(name: str) -> str:
    match = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if match is None:
        layer, _, rest = name.partition(".")
        return f"{OUTER.get(layer, layer)}.{rest}"
    block, layer, rest = int(match[1]), match[2], match[3]
    group = 0
    while group < len(GROUPS) - 1 and block >= GROUPS[group]:
        block -= GROUPS[group]
        group += 1
    names = PLAIN if group == 0 else EXPANDED
    return f"blocks.{group}.{block}.{names.get(layer, layer)}.{rest}"
