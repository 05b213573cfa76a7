"""The network of RCA."""

import torch
from torch import Tensor, nn

from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.rca.aggregation import SemanticAggregation
from smallobjects.pseudo_labels.rca.memory import RegionMemory
from smallobjects.pseudo_labels.rca.parameters import RcaNetworkParameters


class RcaNetwork(nn.Module):
    """A backbone with a coarse head, an embedding, and a fine head on aggregated features.

    The fine head has a branch of its own for every class: three 3×3 convolutions and a 1×1, none
    shared. Its branches are computed together, as grouped convolutions.
    """

    def __init__(self, num_classes: int, parameters: RcaNetworkParameters) -> None:
        """Build the network; new layers and the memory are drawn from torch's generator.

        Args:
            num_classes: C, without the background.
            parameters: the settings.
        """
        super().__init__()
        self.backbone = build_backbone(parameters.network, parameters.weights)
        channels, width = self.backbone.shapes[-1].channels, parameters.width
        self.reduction = nn.Sequential()
        if parameters.features is not None:
            self.reduction = _reduction(channels, parameters.features)
            channels = parameters.features
        self.coarse = nn.Sequential(
            *_rectified(channels, width),
            *_rectified(width, width),
            *_rectified(width, width),
            nn.Conv2d(width, num_classes, 1),
        )
        self.embedding = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.aggregation = SemanticAggregation(num_classes, parameters.prototypes, channels)
        branches = num_classes * width
        self.fine = nn.Sequential(
            *_rectified(channels, branches),
            *_rectified(branches, branches, num_classes),
            *_rectified(branches, branches, num_classes),
            nn.Conv2d(branches, num_classes, 1, groups=num_classes),
        )
        self.memory = RegionMemory(num_classes, parameters.memory, channels)
        _initialise(self.aggregation, parameters.aggregation_deviation)
        for part in (*self._heads, self.aggregation.join):
            _initialise(part, parameters.head_deviation)

    @property
    def new(self) -> list[nn.Module]:
        """The layers with the larger learning rates.

        Those of the aggregation are not among them, as in the public code, which goes by names.
        """
        return [*self._heads, self.reduction]

    @property
    def _heads(self) -> list[nn.Module]:
        return [self.coarse, self.embedding, self.fine]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map B×3×H×W normalised images to what the losses and the memory read.

        Returns:
            Fine maps and coarse maps, B×C×h×w; embeddings and the features, B×d×h×w.
        """
        features = self.reduction(self.backbone(images)[-1])
        fine = self.fine(self.aggregation(features))
        return fine, self.coarse(features), self.embedding(features), features


def _reduction(incoming: int, outgoing: int) -> nn.Sequential:
    convolution = nn.Conv2d(incoming, outgoing, 1)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    nn.init.zeros_(convolution.bias)
    return nn.Sequential(convolution, nn.ReLU(inplace=True))


def _rectified(incoming: int, outgoing: int, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(incoming, outgoing, 3, padding=1, groups=groups)
    return [convolution, nn.ReLU(inplace=True)]


@torch.no_grad()
def _initialise(part: nn.Module, deviation: float) -> None:
    for layer in part.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=deviation)
