"""CLIP as a scorer, by open_clip."""

import pickle
from pathlib import Path

import open_clip
import torch
from torch import Tensor

from smallobjects.pseudo_labels.errors import BadInputError

UNREADABLE = (
    RuntimeError,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
    EOFError,
    pickle.UnpicklingError,
)


class OpenClipScorer:
    """A CLIP model whose architecture is read from its weights; in single precision."""

    def __init__(self, path: Path, device: torch.device) -> None:
        """Load weights in OpenAI's format: their archive, or a state dict with its names.

        Raises:
            BadInputError: there is no such file, or it holds something else.
        """
        remedy = "set `scorer.weights` to weights of CLIP as OpenAI publishes them"
        if not path.is_file():
            raise BadInputError(f"{path}: no such file (CLIP weights); {remedy}")
        try:
            model = open_clip.load_openai_model(str(path), precision="fp32", device=device)
        except UNREADABLE as error:
            raise BadInputError(f"{path}: cannot be read as CLIP weights; {remedy}") from error
        self._model = model.eval().requires_grad_(False)
        self._device = device
        self._tokenizer = open_clip.SimpleTokenizer(context_length=model.context_length)
        size = model.visual.image_size
        self.image_size: int = size[0] if isinstance(size, tuple) else size

    def encode_images(self, images: Tensor) -> Tensor:
        """See `ImageTextScorer`."""
        return self._model.encode_image(images)

    @torch.no_grad()
    def encode_texts(self, texts: list[str]) -> Tensor:
        """See `ImageTextScorer`."""
        return self._model.encode_text(self._tokenizer(texts).to(self._device))
