"""The interface through which CLIMS sees images and texts, and the choice of what is behind it."""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from smallobjects.pseudo_labels.clims.parameters import ScorerParameters


class ImageTextScorer(Protocol):
    """Embeds images and texts into one space; gradients reach the images, not the networks."""

    image_size: int
    """Side of the images."""

    def encode_images(self, images: Tensor) -> Tensor:
        """Map B×3×image_size×image_size images, normalised as ImageNet's, to B×D embeddings.

        CLIP was trained with a slightly other normalisation; the public code of CLIMS feeds it
        ImageNet's, of which 0 is the mean colour.
        """
        ...

    def encode_texts(self, texts: list[str]) -> Tensor:
        """Return the T×D embeddings of texts."""
        ...


def load_scorer(parameters: ScorerParameters, path: Path, device: torch.device) -> ImageTextScorer:
    """Read a scorer.

    Args:
        parameters: which network it is.
        path: CLIP weights, or the output of `smallobjects train-scorer`.
        device: where it computes.

    Raises:
        BadInputError: the file holds something else.
    """
    if not parameters.is_clip:
        from smallobjects.pseudo_labels.clims.dual_encoder import load_dual_encoder

        return load_dual_encoder(path).to(device)
    from smallobjects.pseudo_labels.clims.open_clip_scorer import OpenClipScorer

    return OpenClipScorer(path, device)
