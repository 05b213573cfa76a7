"""The network that predicts class boundaries, and the edges it finds in an image (IRN)."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from smallobjects.backbones.backbone import StageShape
from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.cams.strides import STRIDE, strided_size
from smallobjects.pseudo_labels.training.augmentation import normalise
from smallobjects.pseudo_labels.training.network_file import load_network, rebuilding, save_network

BRANCH_CHANNELS = 32
GROUPS = 4


def _branch(shape: StageShape) -> nn.Sequential:
    layers = [
        nn.Conv2d(shape.channels, BRANCH_CHANNELS, 1, bias=False),
        nn.GroupNorm(GROUPS, BRANCH_CHANNELS),
    ]
    if shape.stride > STRIDE:
        factor = shape.stride // STRIDE
        layers.append(nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False))
    elif shape.stride < STRIDE:
        layers.append(nn.AvgPool2d(STRIDE // shape.stride, ceil_mode=True))
    layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class EdgeNetwork(nn.Module):
    """A branch on every stage of a backbone, joined into one logit per cell at stride 4."""

    def __init__(self, network: str, weights: Path | None = None) -> None:
        super().__init__()
        self.network = network
        self.backbone = build_backbone(network, weights)
        self.branches = nn.ModuleList(_branch(shape) for shape in self.backbone.shapes)
        self.join = nn.Conv2d(BRANCH_CHANNELS * len(self.branches), 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×ceil(H / 4)×ceil(W / 4) logits of an edge."""
        height, width = strided_size(*images.shape[-2:])
        features = self.backbone(images)
        lines = [
            # A coarser stage that was rounded up reaches beyond the image once it is enlarged.
            branch(stage)[..., :height, :width]
            for branch, stage in zip(self.branches, features, strict=True)
        ]
        return self.join(torch.cat(lines, dim=1)).squeeze(1)


@torch.no_grad()
def predict_edges(
    network: EdgeNetwork, image: np.ndarray, pad_to: int | None, device: torch.device
) -> Tensor:
    """Return the probability of an edge: the logits of image and mirror image averaged.

    Args:
        network: in evaluation mode, on `device`.
        image: H×W×3 uint8 RGB of any size.
        pad_to: sides shorter than this are filled up with the mean colour on the right and at the
            bottom; a longer side stays whole.
        device: where to compute.

    Returns:
        ceil(H / 4)×ceil(W / 4) float32 in [0, 1], on `device`.
    """
    height, width = image.shape[:2]
    normalised = torch.from_numpy(normalise(image)).to(device)
    views = torch.stack([normalised, normalised.flip(-1)])
    if pad_to is not None:
        views = functional.pad(views, (0, max(0, pad_to - width), 0, max(0, pad_to - height)))
    rows, columns = strided_size(height, width)
    straight, mirrored = network(views)[:, :rows, :columns]
    return torch.sigmoid((straight + mirrored.flip(-1)) / 2)


def save_edges(path: Path, network: EdgeNetwork) -> None:
    """Write an edge network together with its backbone's name."""
    save_network(path, "edges", {"network": network.network}, network)


def load_edges(path: Path) -> EdgeNetwork:
    """Read an edge network, in evaluation mode.

    Raises:
        BadInputError: the file holds something else.
    """
    description, state = load_network(path, "edges")
    with rebuilding(path, "edges"):
        network = EdgeNetwork(description["network"])
        network.load_state_dict(state)
    return network.eval()
