"""A small scorer for machines without CLIP weights: it knows a fixed list of texts."""

from itertools import pairwise
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from smallobjects.backbones.table import build_backbone
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.network_file import load_network, rebuilding, save_network

WIDTHS = (3, 24, 48, 64)
DIMENSIONS = 64
POOLING_POWER = 3
LEAST_FEATURE = 1e-4


def _convolutions() -> nn.Sequential:
    return nn.Sequential(
        *(
            nn.Sequential(
                nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            )
            for before, after in pairwise(WIDTHS)
        )
    )


class FrozenFeatures(nn.Module):
    """The last features of a backbone that stays as it is, in training too."""

    def __init__(self, network: str, weights: Path | None) -> None:
        super().__init__()
        self.backbone = build_backbone(network, weights).requires_grad_(False)
        self.channels = self.backbone.shapes[-1].channels
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×channels×h×w."""
        return self.backbone(images)[-1]

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation."""
        del mode
        return super().train(False)


class DualEncoder(nn.Module):
    """A few convolutions or a frozen backbone for images, a table for texts.

    Embeddings have no negative entries, so that cosines lie in [0, 1].
    """

    def __init__(
        self,
        texts: list[str],
        image_size: int,
        network: str = "tiny",
        weights: Path | None = None,
    ) -> None:
        """Build the encoders.

        Args:
            texts: the texts that can be encoded.
            image_size: side of the images, in pixels.
            network: `tiny`, or a backbone that is not trained.
            weights: pretrained weights of the backbone, if any.
        """
        super().__init__()
        self.texts = list(dict.fromkeys(texts))
        self.image_size = image_size
        self.network = network
        if network == "tiny":
            self.features, width = _convolutions(), WIDTHS[-1]
            self.normalise: nn.Module = nn.Identity()
        else:
            self.features = FrozenFeatures(network, weights)
            width = self.features.channels
            self.normalise = nn.BatchNorm1d(width)
        self.project = nn.Linear(width, DIMENSIONS)
        self.table = nn.Embedding(len(self.texts), DIMENSIONS)

    def encode_images(self, images: Tensor) -> Tensor:
        """See `ImageTextScorer`."""
        # A power mean: what covers a small part of the image still counts.
        powers = self.features(images).clamp(min=LEAST_FEATURE).pow(POOLING_POWER)
        pooled = powers.mean(dim=(2, 3)).pow(1 / POOLING_POWER)
        return functional.softplus(self.project(self.normalise(pooled)))

    def encode_texts(self, texts: list[str]) -> Tensor:
        """See `ImageTextScorer`.

        Raises:
            BadInputError: a text is not in the list.
        """
        places = {text: place for place, text in enumerate(self.texts)}
        unknown = [text for text in texts if text not in places]
        if unknown:
            raise BadInputError(
                f"the scorer does not know the text {unknown[0]!r}; train it with the same "
                "`language` by `smallobjects train-scorer`"
            )
        indices = torch.tensor([places[text] for text in texts], dtype=torch.long)
        return functional.softplus(self.table(indices.to(self.table.weight.device)))


def save_dual_encoder(path: Path, encoder: DualEncoder) -> None:
    """Write an encoder together with its texts."""
    description = {
        "texts": encoder.texts,
        "image_size": encoder.image_size,
        "network": encoder.network,
    }
    save_network(path, "scorer", description, encoder)


def load_dual_encoder(path: Path) -> DualEncoder:
    """Read an encoder, in evaluation mode and not to be trained.

    Raises:
        BadInputError: the file holds something else.
    """
    description, state = load_network(path, "scorer")
    with rebuilding(path, "scorer"):
        encoder = DualEncoder(
            description["texts"], description["image_size"], description["network"]
        )
        encoder.load_state_dict(state)
    return encoder.eval().requires_grad_(False)
