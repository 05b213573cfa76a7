"""Wide ResNet-38 (Wu, Shen and van den Hengel, 2016) at stride 8, as PSA and EDAM use it.

Its published weights are an MXNet file; the same weights go round as torch files, whose names
(`b4_1.conv_branch2a.weight`) are those of the modules here.
"""

import re
from collections import OrderedDict
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from smallobjects.backbones.pretrained import load_weights
from smallobjects.backbones.weight_files import State

SHAPES = [(128, 2), (256, 4), (512, 8), (1024, 8), (4096, 8)]
"""Channels and stride after each stage."""
NORM_PARTS = {"gamma": "weight", "beta": "bias", "mean": "running_mean", "var": "running_var"}


class Block(nn.Module):
    """A pre-activated residual block of two 3×3 convolutions."""

    def __init__(
        self, channels: tuple[int, int, int], stride: int, dilations: tuple[int, int]
    ) -> None:
        """Build it; `channels` are those that go in, are in between, and come out."""
        super().__init__()
        into, middle, out = channels
        first, second = dilations
        self.bn_branch2a = nn.BatchNorm2d(into)
        self.conv_branch2a = nn.Conv2d(into, middle, 3, stride, first, first, bias=False)
        self.bn_branch2b1 = nn.BatchNorm2d(middle)
        self.conv_branch2b1 = nn.Conv2d(middle, out, 3, 1, second, second, bias=False)
        self.projects = into != out or stride != 1
        if self.projects:
            self.conv_branch1 = nn.Conv2d(into, out, 1, stride, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map B×in×h×w to B×out×ceil(h / stride)×ceil(w / stride)."""
        active = functional.relu(self.bn_branch2a(features))
        shortcut = self.conv_branch1(active) if self.projects else features
        branch = self.conv_branch2a(active)
        branch = self.conv_branch2b1(functional.relu(self.bn_branch2b1(branch)))
        return shortcut + branch


class Bottleneck(nn.Module):
    """A pre-activated residual block of 1×1, 3×3 and 1×1 convolutions, with dropout."""

    def __init__(self, into: int, out: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.bn_branch2a = nn.BatchNorm2d(into)
        self.conv_branch2a = nn.Conv2d(into, out // 4, 1, bias=False)
        self.bn_branch2b1 = nn.BatchNorm2d(out // 4)
        self.conv_branch2b1 = nn.Conv2d(
            out // 4, out // 2, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.bn_branch2b2 = nn.BatchNorm2d(out // 2)
        self.conv_branch2b2 = nn.Conv2d(out // 2, out, 1, bias=False)
        self.conv_branch1 = nn.Conv2d(into, out, 1, bias=False)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, features: Tensor) -> Tensor:
        """Map B×in×h×w to B×out×h×w."""
        active = functional.relu(self.bn_branch2a(features))
        branch = self.conv_branch2a(active)
        branch = self.conv_branch2b1(self.dropout(functional.relu(self.bn_branch2b1(branch))))
        branch = self.conv_branch2b2(self.dropout(functional.relu(self.bn_branch2b2(branch))))
        return self.conv_branch1(active) + branch


def _repeated(
    name: str, count: int, first: Block, channels: int, middle: int, dilation: int
) -> list[tuple[str, Block]]:
    """Return a block and those that follow it at the same size, by their names."""
    blocks = [(name, first)]
    for index in range(1, count):
        block = Block((channels, middle, channels), 1, (dilation, dilation))
        blocks.append((f"{name}_{index}", block))
    return blocks


def wide_resnet38_stages(weights: Path | None) -> tuple[list[nn.Sequential], list[tuple[int, int]]]:
    """Return the five stages, and the channels and stride after each.

    Nothing is cut off after the last batch normalisation.

    Args:
        weights: a torch state dict (.pth) or the published MXNet file (.params), if any.

    Raises:
        BadInputError: the file is missing or does not fit.
    """
    stem = [
        ("conv1a", nn.Conv2d(3, 64, 3, padding=1, bias=False)),
        *_repeated("b2", 3, Block((64, 128, 128), 2, (1, 1)), 128, 128, 1),
    ]
    last = [
        ("b6", Bottleneck(1024, 2048, 4, 0.3)),
        ("b7", Bottleneck(2048, 4096, 4, 0.5)),
        ("bn7", nn.BatchNorm2d(4096)),
    ]
    named = [
        stem,
        _repeated("b3", 3, Block((128, 256, 256), 2, (1, 1)), 256, 256, 1),
        _repeated("b4", 6, Block((256, 512, 512), 2, (1, 1)), 512, 512, 1),
        _repeated("b5", 3, Block((512, 512, 1024), 1, (1, 2)), 1024, 512, 2),
        last,
    ]
    stages = [nn.Sequential(OrderedDict(modules)) for modules in named]
    if weights is not None:
        _load(stages, weights)
    return stages, SHAPES


def _load(stages: list[nn.Sequential], path: Path) -> None:
    whole = nn.Sequential(
        OrderedDict(pair for stage in stages for pair in stage.named_children()),
    )
    parts = tuple(f"{name}." for name, _ in whole.named_children())

    def own_names(weights: State) -> State:
        """Return weights under the names here, without what comes after the network."""
        if any(":" in name for name in weights):
            weights = {_torch_name(name) or "": each for name, each in weights.items()}
        return {name: each for name, each in weights.items() if name.startswith(parts)}

    kind = "torch state dict or .params file"
    load_weights(whole, path, "wide ResNet-38", (), own_names, kind)


def _torch_name(name: str) -> str | None:
    """Return the name here of an array of the MXNet file; none for the classifier's.

    `arg:res4b1_branch2a_weight` becomes `b4_1.conv_branch2a.weight`, and
    `aux:bn4a_branch2a_moving_mean` becomes `b4.bn_branch2a.running_mean`.
    """
    name = name.partition(":")[2] or name
    if name.startswith("conv1a"):
        return "conv1a.weight"
    *words, part = name.split("_")
    if words and words[0] == "bn7":
        return f"bn7.{NORM_PARTS[part]}" if part in NORM_PARTS else None
    match = re.fullmatch(r"(res|bn)([2-7])(?:a|b([0-9]+))", words[0]) if len(words) > 1 else None
    if match is None:
        return None
    kind, block, index = match.groups()
    layer = "conv" if kind == "res" else "bn"
    part = part if kind == "res" else NORM_PARTS.get(part)
    return f"b{block}{f'_{index}' if index else ''}.{layer}_{words[1]}.{part}"
