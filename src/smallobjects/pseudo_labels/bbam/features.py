"""What the detector reads boxes from: a backbone, with a feature pyramid or without."""

from collections import OrderedDict
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from smallobjects.backbones.backbone import STAGES
from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.bbam.parameters import DetectorNetwork
from smallobjects.pseudo_labels.errors import BadInputError

LEAST_STRIDE = 4
"""Of a level of the feature pyramid."""
ANCHOR_STRIDES = 8
"""Side of a level's anchors, in strides, unless they are given."""


class Pyramid(FeaturePyramidNetwork):
    """A feature pyramid whose coarser levels are enlarged bilinearly, as in BBAM's public code.

    The paper of the pyramid takes the nearest value, and so does torchvision.
    """

    def forward(self, x: dict[str, Tensor]) -> dict[str, Tensor]:
        """Map the features of each level, finest first, to those of the pyramid."""
        inputs = list(x.values())
        last = self.inner_blocks[-1](inputs[-1])
        levels = [self.layer_blocks[-1](last)]
        for place in reversed(range(len(inputs) - 1)):
            lateral = self.inner_blocks[place](inputs[place])
            last = lateral + functional.interpolate(
                last, size=lateral.shape[-2:], mode="bilinear", align_corners=False
            )
            levels.insert(0, self.layer_blocks[place](last))
        levels, names = self.extra_blocks(levels, inputs, list(x))
        return OrderedDict(zip(names, levels, strict=True))


class DetectorFeatures(nn.Module):
    """The stages of a backbone as the levels that boxes are read from, finest first."""

    def __init__(self, parameters: DetectorNetwork, weights: Path | None) -> None:
        """Build them, with pretrained weights of the backbone if a file is given."""
        super().__init__()
        self.backbone = build_backbone(parameters.network, weights)
        shapes = self.backbone.shapes[: STAGES.index(parameters.last_stage) + 1]
        for name in STAGES[len(shapes) :]:
            del self.backbone.stages[name]
        if parameters.pyramid is None:
            self.levels = [len(shapes) - 1]
            self.out_channels = shapes[-1].channels
            self.pyramid = None
        else:
            # Of the stages with one stride the last; the first level has stride 4.
            last = {shape.stride: index for index, shape in enumerate(shapes)}
            self.levels = [last[stride] for stride in sorted(last) if stride >= LEAST_STRIDE]
            if not self.levels:
                raise BadInputError(
                    f"detector.last_stage = {parameters.last_stage!r}: no stage of "
                    f"{parameters.network} up to it has stride {LEAST_STRIDE}; take a later one"
                )
            self.out_channels = parameters.pyramid
            channels = [shapes[index].channels for index in self.levels]
            self.pyramid = Pyramid(channels, parameters.pyramid, LastLevelMaxPool())
        self.strides = [shapes[index].stride for index in self.levels]
        if self.pyramid is not None:
            self.strides.append(2 * self.strides[-1])

    @property
    def names(self) -> list[str]:
        """Names of the levels from which boxes are read."""
        return [str(number) for number in range(len(self.levels))]

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map B×3×H×W normalised images to B×D×h×w of every level, by its name."""
        outputs = self.backbone(images)
        levels = zip(self.names, (outputs[index] for index in self.levels), strict=True)
        features = OrderedDict(levels)
        return features if self.pyramid is None else self.pyramid(features)


def anchor_sizes(parameters: DetectorNetwork, strides: list[int]) -> tuple[tuple[int, ...], ...]:
    """Return the sides of the anchors of each level, given the strides of the levels.

    Raises:
        BadInputError: sizes are given, for another number of levels.
    """
    if parameters.anchor_sizes is None:
        return tuple((ANCHOR_STRIDES * stride,) for stride in strides)
    if len(parameters.anchor_sizes) != len(strides):
        raise BadInputError(
            f"detector.anchor_sizes = {[list(sizes) for sizes in parameters.anchor_sizes]}: "
            f"{parameters.network} has {len(strides)} levels of the strides {strides}; give a list "
            "of sizes for each, or null"
        )
    return parameters.anchor_sizes
