"""A backbone: a convolutional network as five stages whose outputs can all be read."""

from dataclasses import dataclass
from typing import get_args

from torch import Tensor, nn

from smallobjects.backbones.table import Stage, Statistics

STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True)
class StageShape:
    """What a stage puts out."""

    channels: int
    stride: int
    """Pixels of the image per cell of the output."""


class Backbone(nn.Module):
    """A convolutional network cut into the stages of `STAGES`."""

    def __init__(self, stages: list[nn.Module], shapes: list[tuple[int, int]]) -> None:
        """Take the five stages, and channels and stride of what each puts out."""
        super().__init__()
        self.stages = nn.ModuleDict(dict(zip(STAGES, stages, strict=True)))
        self.shapes = [StageShape(*shape) for shape in shapes]

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map B×3×H×W images, normalised as ImageNet's, to the outputs of the stages.

        The output of a stage is B×channels×ceil(H / stride)×ceil(W / stride).
        """
        outputs = []
        features = images
        for stage in self.stages.values():
            features = stage(features)
            outputs.append(features)
        return outputs

    def train_stages(self, first: Stage | None) -> None:
        """Let gradients reach the stages from `first` on, and none before it (`None`: nowhere)."""
        start = len(STAGES) if first is None else STAGES.index(first)
        for index, stage in enumerate(self.stages.values()):
            stage.requires_grad_(index >= start)

    def set_statistics(self, mode: Statistics, *, train_affine: bool = True) -> None:
        """Choose what batch normalisation does in the stages that are trained.

        Stages that are not trained, and the whole network outside training, use the running
        statistics in either case, and no dropout.

        Args:
            mode: `frozen` uses the running statistics and never updates them; `trained` uses those
                of the batch and updates the running ones. Dropout is on in either case.
            train_affine: whether scale and shift are trained where statistics are `frozen`.

        Raises:
            ValueError: the mode is neither.
        """
        if mode not in get_args(Statistics):
            raise ValueError(f"batch_norm = {mode!r}: should be 'frozen' or 'trained'")
        for stage in self.stages.values():
            trains = any(parameter.requires_grad for parameter in stage.parameters())
            stage.train(trains)
            if mode == "trained":
                continue
            for layer in stage.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()
                    if not train_affine:
                        layer.requires_grad_(False)
