"""Backbones of the networks that make labels, as five stages whose outputs can all be read."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.backbones.torchvision_weights import load_torchvision
from smallobjects.backbones.vgg import vgg16_stages
from smallobjects.backbones.wide_resnet import wide_resnet38_stages

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")
TINY_CHANNELS = (24, 32, 48, 64, 96)


@dataclass(frozen=True)
class StageShape:
    """What a stage puts out."""

    channels: int
    stride: int
    """Pixels of the image per cell of the output."""


class Backbone(nn.Module):
    """A convolutional network cut into the stages of `STAGES`."""

    def __init__(self, stages: list[nn.Module], shapes: list[StageShape]) -> None:
        super().__init__()
        self.stages = nn.ModuleDict(dict(zip(STAGES, stages, strict=True)))
        self.shapes = shapes

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map B×3×H×W normalised images to the outputs of the stages.

        The output of a stage is B×channels×ceil(H / stride)×ceil(W / stride).
        """
        outputs = []
        features = images
        for stage in self.stages.values():
            features = stage(features)
            outputs.append(features)
        return outputs

    def train_stages(self, first: str | None) -> None:
        """Let gradients reach the stages from `first` on, and none before it (`None`: nowhere)."""
        start = len(STAGES) if first is None else STAGES.index(first)
        for index, stage in enumerate(self.stages.values()):
            stage.requires_grad_(index >= start)

    def set_statistics(self, mode: str) -> None:
        """Choose what batch normalisation does in the stages that are trained.

        Args:
            mode: `frozen` uses the running statistics and never updates them; `trained` uses those
                of the batch and updates the running ones. Stages that are not trained, and the
                whole network outside training, use the running statistics in either case.
        """
        for stage in self.stages.values():
            trains = any(parameter.requires_grad for parameter in stage.parameters())
            stage.train(mode == "trained" and trains)


def _resnet50(weights: Path | None) -> Backbone:
    """ResNet-50 with strides (2, 2, 2, 1): output stride 16, without dilation (IRN)."""
    from torchvision.models import resnet50

    network = resnet50(weights=None)
    if weights is not None:
        load_torchvision(network, weights, "ResNet-50", "fc.")
    network.layer4[0].conv2.stride = (1, 1)
    network.layer4[0].downsample[0].stride = (1, 1)
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    return Backbone(
        [stem, network.layer1, network.layer2, network.layer3, network.layer4],
        [StageShape(c, s) for c, s in ((64, 4), (256, 4), (512, 8), (1024, 16), (2048, 16))],
    )


def _vgg16(weights: Path | None) -> Backbone:
    """VGG-16 without its fully connected layers, at stride 8 (NS-ROM, RCA)."""
    return _staged(*vgg16_stages(weights))


def _vgg16_fc(weights: Path | None) -> Backbone:
    """VGG-16 with two convolutions in place of its fully connected layers, at stride 8 (BANA)."""
    return _staged(*vgg16_stages(weights, pooling=3, fully_connected=True))


def _wide_resnet38(weights: Path | None) -> Backbone:
    """Wide ResNet-38 at stride 8 (EDAM)."""
    return _staged(*wide_resnet38_stages(weights))


def _staged(stages: list[nn.Sequential], shapes: list[tuple[int, int]]) -> Backbone:
    return Backbone(stages, [StageShape(*shape) for shape in shapes])


def _block(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


def _tiny(weights: Path | None) -> Backbone:
    """A few convolutions at stride 4 that learn from random values on one CPU."""
    if weights is not None:
        raise BadInputError(f"{weights}: the network `tiny` has no pretrained weights; use null")
    widths = TINY_CHANNELS
    stem = nn.Sequential(_block(3, widths[0], 2), _block(widths[0], widths[0], 2))
    layers = [_block(widths[i], widths[i + 1], 1) for i in range(4)]
    return Backbone([stem, *layers], [StageShape(width, 4) for width in widths])


NETWORKS = {
    "resnet50": _resnet50,
    "vgg16": _vgg16,
    "vgg16_fc": _vgg16_fc,
    "wide_resnet38": _wide_resnet38,
    "tiny": _tiny,
}


def build_backbone(network: str, weights: Path | None = None) -> Backbone:
    """Return the backbone called `network`, with pretrained weights if a file is given.

    Raises:
        BadInputError: the file is missing or does not fit the network.
    """
    return NETWORKS[network](weights)
