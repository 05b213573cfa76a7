"""A backbone small enough to be trained from scratch on a CPU."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class TinyBackbone(BaseModule):
    """A chain of 3×3 convolutions, each with BatchNorm and ReLU.

    BatchNorm is trained: with frozen statistics a network does not learn from random weights.
    """

    def __init__(
        self,
        channels: Sequence[int] = (16, 32, 64, 64),
        strides: Sequence[int] = (2, 2, 1, 1),
        dilations: Sequence[int] = (1, 1, 1, 2),
        init_cfg: dict | None = None,
    ) -> None:
        """Build the chain.

        Args:
            channels: output channels of each block.
            strides: stride of each block; their product is the output stride.
            dilations: dilation of each block.
            init_cfg: MMEngine's initialisation.

        Raises:
            ValueError: the three lists differ in length.
        """
        super().__init__(init_cfg)
        if not len(channels) == len(strides) == len(dilations):
            raise ValueError(
                f"TinyBackbone: channels {channels}, strides {strides} and dilations {dilations} "
                "must have one entry per block"
            )
        sizes = zip([3, *channels], channels, strides, dilations, strict=False)
        self.blocks = nn.ModuleList(_block(*each) for each in sizes)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the feature map of every block, the deepest last."""
        maps = []
        for block in self.blocks:
            images = block(images)
            maps.append(images)
        return tuple(maps)


def _block(inputs: int, outputs: int, stride: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
