"""A small scorer for machines without CLIP weights: it knows a fixed list of texts."""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.network_file import load_network, save_network

WIDTHS = (3, 24, 48, 64)
DIMENSIONS = 64
POOLING_POWER = 3
LEAST_FEATURE = 1e-4


class DualEncoder(nn.Module):
    """A few convolutions for images, a table for texts.

    Embeddings have no negative entries, so that cosines lie in [0, 1].
    """

    def __init__(self, texts: list[str], image_size: int) -> None:
        """Build the encoders.

        Args:
            texts: the texts that can be encoded.
            image_size: side of the images, in pixels.
        """
        super().__init__()
        self.texts = list(dict.fromkeys(texts))
        self.image_size = image_size
        self.features = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(after),
                    nn.ReLU(inplace=True),
                )
                for before, after in pairwise(WIDTHS)
            )
        )
        self.project = nn.Linear(WIDTHS[-1], DIMENSIONS)
        self.table = nn.Embedding(len(self.texts), DIMENSIONS)

    def encode_images(self, images: Tensor) -> Tensor:
        """See `ImageTextScorer`."""
        # A power mean: what covers a small part of the image still counts.
        powers = self.features(images).clamp(min=LEAST_FEATURE).pow(POOLING_POWER)
        pooled = powers.mean(dim=(2, 3)).pow(1 / POOLING_POWER)
        return functional.softplus(self.project(pooled))

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
    description = {"texts": encoder.texts, "image_size": encoder.image_size}
    save_network(path, "scorer", description, encoder)


def load_dual_encoder(path: Path) -> DualEncoder:
    """Read an encoder, in evaluation mode and not to be trained.

    Raises:
        BadInputError: the file holds something else.
    """
    description, state = load_network(path, "scorer")
    encoder = DualEncoder(description["texts"], description["image_size"])
    encoder.load_state_dict(state)
    return encoder.eval().requires_grad_(False)
