"""CLIP as a scorer, by open_clip."""

import pickle
from pathlib import Path

import open_clip
import torch
from torch import Tensor

from smallobjects.backbones.torch_files import is_torchscript, read_torch_file
from smallobjects.integrity.errors import ContentError
from smallobjects.integrity.zips import check_zip
from smallobjects.pseudo_labels.errors import BadInputError

EXPECTED = "CLIP weights"
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
            BadInputError: there is no such file, it is damaged, or it holds something else.
        """
        remedy = "set `scorer.weights` to weights of CLIP as OpenAI publishes them"
        _check_content(path, remedy)
        try:
            model = open_clip.load_openai_model(str(path), precision="fp32", device=device)
        except UNREADABLE as error:
            raise BadInputError(f"{path}: cannot be read as {EXPECTED}; {remedy}") from error
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


def _check_content(path: Path, remedy: str) -> None:
    """Refuse a file that is damaged, or that open_clip would not read as plain data.

    Raises:
        BadInputError: it is such a file.
    """
    if is_torchscript(path):
        try:
            check_zip(path)
        except ContentError as error:
            raise BadInputError(
                f"{path}: cannot be read as {EXPECTED}: {error}; {remedy}"
            ) from error
    else:
        read_torch_file(path, EXPECTED, remedy)
