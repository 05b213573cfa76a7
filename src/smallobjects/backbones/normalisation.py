"""How images become the input of a network.

Images are normalised by ImageNet's mean and deviation everywhere, so that 0 is the mean colour
wherever something is filled up or masked. A network that was trained on other values converts
them itself, as the first thing that its stem does.
"""

import torch
from torch import Tensor, nn

from smallobjects.backbones.imagenet import IMAGENET_MEAN, IMAGENET_STD


class Renormalise(nn.Module):
    """Turns images normalised as ImageNet's into (value − mean) / deviation."""

    scale: Tensor
    shift: Tensor

    def __init__(self, mean: tuple[float, ...], deviation: tuple[float, ...]) -> None:
        """Take the network's own mean and deviation of red, green and blue in [0, 1]."""
        super().__init__()
        mean, deviation = torch.tensor(mean), torch.tensor(deviation)
        scale = torch.tensor(IMAGENET_STD) / deviation
        shift = (torch.tensor(IMAGENET_MEAN) - mean) / deviation
        self.register_buffer("scale", scale[:, None, None], persistent=False)
        self.register_buffer("shift", shift[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map B×3×H×W to B×3×H×W."""
        return images * self.scale + self.shift
