"""Files of torch, read without running what they hold."""

import pickle
from pathlib import Path
from typing import Any

import torch

from smallobjects.errors import BadInputError

# What torch.load raises on a file of another kind depends on its first bytes.
UNREADABLE = (
    RuntimeError,
    EOFError,
    AttributeError,
    LookupError,
    ValueError,
    pickle.UnpicklingError,
)


def read_torch_file(path: str | Path, expected: str, remedy: str) -> Any:
    """Return what `torch.save` wrote, tensors and plain values only, on the CPU.

    Raises:
        BadInputError: there is no such file or it cannot be read.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise BadInputError(f"{path}: no such file ({expected}); {remedy}") from error
    except UNREADABLE as error:
        raise BadInputError(f"{path}: cannot be read as {expected}; {remedy}") from error
