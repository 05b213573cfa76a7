"""The activation manipulation network: pixels are classified, given the image's classes (AMN)."""

from pathlib import Path

import torch
from torch import Tensor, nn

from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.amn.parameters import AmnParameters
from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.network_file import (
    load_network_of_classes,
    rebuilding,
    save_network,
)

HEAD_DEVIATION = 0.01


class AmnNetwork(nn.Module):
    """A backbone, label conditioning, and atrous spatial pyramid pooling (ASPP)."""

    def __init__(
        self,
        network: str,
        num_classes: int,
        rates: tuple[int, ...],
        dropout: float = 0.0,
        weights: Path | None = None,
    ) -> None:
        """Build the network.

        Args:
            network: name of the backbone.
            num_classes: C, without the background.
            rates: dilations of the convolutions that are added.
            dropout: share of the features that are dropped in training.
            weights: pretrained weights of the backbone, if any.
        """
        super().__init__()
        self.network = network
        self.num_classes = num_classes
        self.rates = tuple(rates)
        self.backbone = build_backbone(network, weights)
        channels = self.backbone.shapes[-1].channels
        self.stride = self.backbone.shapes[-1].stride
        self.label_encoder = nn.Linear(num_classes, channels)
        self.dropout = nn.Dropout(dropout)
        self.pyramid = nn.ModuleList(
            nn.Conv2d(channels, num_classes + 1, 3, padding=rate, dilation=rate) for rate in rates
        )
        for convolution in self.pyramid:
            nn.init.normal_(convolution.weight, std=HEAD_DEVIATION)
            nn.init.zeros_(convolution.bias)

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Map images and the classes that they have to logits of every class at every cell.

        Args:
            images: B×3×H×W, normalised.
            targets: B×C multi-hot; index c − 1 belongs to class c.

        Returns:
            B×(C + 1)×h×w at the last stride; index 0 is the background.
        """
        conditioned = self.backbone(images)[-1] * self.label_encoder(targets)[:, :, None, None]
        features = self.dropout(conditioned)
        return sum(convolution(features) for convolution in self.pyramid)


def initial_network(
    parameters: AmnParameters, num_classes: int, classifier: Classifier
) -> AmnNetwork:
    """Return the network as its training starts, drawn from torch's generator.

    Args:
        parameters: the settings.
        num_classes: C, without the background.
        classifier: whose backbone is the start if the parameters say so.

    Raises:
        BadInputError: the classifier or the weights have another network.
    """
    from_weights = parameters.initial == "weights"
    if not from_weights and classifier.network != parameters.network:
        raise BadInputError(
            f"the classifier is a {classifier.network}, AMN a {parameters.network}; with "
            '`initial: classifier` set both to the same `network`, or use `initial: "weights"`'
        )
    weights = parameters.weights if from_weights else None
    network = AmnNetwork(
        parameters.network, num_classes, parameters.rates, parameters.dropout, weights
    )
    if not from_weights:
        network.backbone.load_state_dict(classifier.backbone.state_dict())
    network.backbone.train_stages(parameters.trained_from)
    network.backbone.set_statistics("frozen")
    return network


def parameter_groups(network: AmnNetwork, parameters: AmnParameters) -> list[dict]:
    """Return the optimiser's groups: the trained stages, and all that is new with its own rate."""
    new = [*network.label_encoder.parameters(), *network.pyramid.parameters()]
    trained = [p for p in network.backbone.parameters() if p.requires_grad]
    return [
        {"params": trained, "lr": parameters.learning_rate},
        {"params": new, "lr": parameters.head_learning_rate},
    ]


def adam(network: AmnNetwork, parameters: AmnParameters) -> torch.optim.Adam:
    """Return the optimiser."""
    groups = parameter_groups(network, parameters)
    return torch.optim.Adam(groups, weight_decay=parameters.weight_decay)


def save_amn(path: Path, network: AmnNetwork) -> None:
    """Write a network together with what is needed to build it again."""
    description = {
        "network": network.network,
        "num_classes": network.num_classes,
        "rates": list(network.rates),
    }
    save_network(path, "amn", description, network)


def load_amn(path: Path, num_classes: int) -> AmnNetwork:
    """Read a network of `num_classes` classes (without the background), in evaluation mode.

    Raises:
        BadInputError: the file holds something else, or other classes.
    """
    description, state = load_network_of_classes(path, "amn", num_classes, "an AMN")
    with rebuilding(path, "amn"):
        network = AmnNetwork(description["network"], num_classes, tuple(description["rates"]))
        network.load_state_dict(state)
    return network.eval()
