"""Anchors of the detector, as the public code (maskrcnn-benchmark) lays them."""

import torch
from torch import Tensor
from torchvision.models.detection.anchor_utils import AnchorGenerator

ASPECT_RATIOS = (0.5, 1.0, 2.0)
"""Height by width."""


class CentredAnchors(AnchorGenerator):
    """Anchors around the middle of their cell, as Faster R-CNN slides its window.

    torchvision's lie around the cell's upper left corner, have sides that are rounded otherwise,
    and on the coarsest level a smaller stride where an image's side is no multiple of it.
    """

    def __init__(self, sizes: tuple[tuple[int, ...], ...], strides: list[int]) -> None:
        """Lay them.

        Args:
            sizes: sides in pixels, for each level.
            strides: pixels per cell of each level.
        """
        super().__init__(sizes, (ASPECT_RATIOS,) * len(sizes))
        self.strides = strides
        self.cell_anchors = [
            torch.cat([anchors_of_cell(stride, size) for size in of_level])
            for of_level, stride in zip(sizes, strides, strict=True)
        ]

    def grid_anchors(
        self, grid_sizes: list[list[int]], strides: list[list[Tensor]]
    ) -> list[Tensor]:
        """Return the anchors of every level; the strides that torchvision found are not read."""
        fixed = [
            [torch.full_like(step, stride) for step in found]
            for stride, found in zip(self.strides, strides, strict=True)
        ]
        return super().grid_anchors(grid_sizes, fixed)


def anchors_of_cell(stride: int, size: int) -> Tensor:
    """Return the anchors of the first cell, one for each ratio: R×4 float32 x0, y0, x1, y1.

    Sides are rounded on the cell and then enlarged: 48×24, 32×32 and 24×48 at stride 4 and 32.
    """
    ratios = torch.tensor(ASPECT_RATIOS, dtype=torch.float64)
    widths = (stride / ratios.sqrt()).round()
    heights = (widths * ratios).round()
    half = torch.stack([widths, heights], dim=1) * (size / stride / 2)
    return torch.cat([stride / 2 - half, stride / 2 + half], dim=1).float()
