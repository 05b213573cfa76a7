"""A saliency network on a pretrained backbone, which can be saved as TorchScript."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from smallobjects.backbones.backbone import Backbone

WIDTH = 32


class BackboneSaliencyNetwork(nn.Module):
    """All stages but the stem, brought to one width and summed at the finest resolution."""

    def __init__(self, backbone: Backbone) -> None:
        """Put a small decoder, with random values, behind a backbone."""
        super().__init__()
        self.backbone = backbone
        self.projections = nn.ModuleList(
            nn.Conv2d(shape.channels, WIDTH, 1) for shape in backbone.shapes[1:]
        )
        self.decoder = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, 1, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×1×H×W logits of being an object."""
        outputs = self.backbone(images)[1:]
        height, width = outputs[0].shape[2:]
        total = torch.zeros((), device=images.device)
        for index, projection in enumerate(self.projections):
            projected = projection(outputs[index])
            total = total + functional.interpolate(
                projected, (height, width), mode="bilinear", align_corners=False
            )
        return functional.interpolate(
            self.decoder(total), images.shape[2:], mode="bilinear", align_corners=False
        )
