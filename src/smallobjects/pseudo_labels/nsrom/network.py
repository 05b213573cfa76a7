"""The network of NS-ROM's classifier and, with small differences, of its integral model."""

import torch
from torch import Tensor, nn

from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.nsrom.graph_reasoning import GraphReasoning
from smallobjects.pseudo_labels.nsrom.parameters import ReasoningNetwork


class AttentionNetwork(nn.Module):
    """A backbone and layers that end in one map per class."""

    def __init__(self, num_classes: int, parameters: ReasoningNetwork, *, integral: bool) -> None:
        """Build the network.

        In the public code the integral model has a ReLU before the reasoning unit and none after
        it, the classifier one after it and none before; and the convolutions of the classifier's
        new layers start from normal values (He et al.), those of the integral model as torch's do.

        Args:
            num_classes: C, without the background.
            parameters: the settings.
            integral: whether this is the integral model.
        """
        super().__init__()
        self.backbone = build_backbone(parameters.network, parameters.weights)
        width = parameters.width
        channels = (self.backbone.shapes[-1].channels, width, width)
        layers: list[nn.Module] = []
        for incoming in channels:
            layers += [nn.Conv2d(incoming, width, 3, padding=1), nn.ReLU(inplace=True)]
        reasoning = GraphReasoning(width, parameters.nodes, parameters.states)
        middle = [layers.pop(), reasoning] if integral else [reasoning, layers.pop()]
        self.head = nn.Sequential(*layers, *middle, nn.Conv2d(width, num_classes, 1))
        if not integral:
            _initialise(self.head)

    def forward(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×C×h×w activations at the last stride."""
        return self.head(self.backbone(images)[-1])


@torch.no_grad()
def _initialise(layers: nn.Module) -> None:
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
