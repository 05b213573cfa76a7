"""Files of torch, read whole or not at all, and without running what they hold."""

import pickle
import re
from pathlib import Path
from typing import Any

import torch

from smallobjects.backbones.file_kinds import first_bytes, is_zip, other_kind
from smallobjects.errors import BadInputError
from smallobjects.integrity.zips import check_zip, open_zip

# What torch.load raises on a file of another kind depends on its first bytes.
UNREADABLE = (
    RuntimeError,
    EOFError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    OSError,
    pickle.UnpicklingError,
)
_LEFTOVERS = (
    *("argparse.", "collections.", "datetime.", "mmcv.", "mmengine.", "numpy.", "pathlib."),
    # MMEngine's histories refer to their own methods by it.
    "builtins.getattr",
)
"""Beginnings of the names of what trainings keep beside their weights."""
_REFUSED = re.compile(r"GLOBAL (\S+)")


class Leftover:
    """Stands for an object that is neither a tensor nor a plain value; nothing of it is kept."""

    def __new__(cls, *_: Any) -> "Leftover":
        """Take whatever the object was made of."""
        return super().__new__(cls)

    def __init__(self, *_: Any) -> None:
        """Keep nothing."""

    def __setstate__(self, state: Any) -> None:
        """Keep nothing."""


def read_torch_file(path: str | Path, expected: str, remedy: str) -> Any:
    """Return what `torch.save` wrote, tensors and plain values only, on the CPU.

    The checksums of a file in torch's zip format are compared first; its older format has none.
    What MMEngine and others keep beside weights (histories, NumPy values, arguments) becomes a
    `Leftover`. No code is run.

    Args:
        path: the file.
        expected: what it should be, for messages.
        remedy: what to do otherwise.

    Raises:
        BadInputError: there is no such file, it is damaged, or it is of another kind.
    """
    path = Path(path)
    try:
        start = first_bytes(path)
    except OSError as error:
        raise _unreadable_path(path, error, expected, remedy) from error
    kind = other_kind(start)
    if kind:
        raise BadInputError(f"{path}: cannot be read as {expected}: it is {kind}; {remedy}")
    try:
        if is_zip(start):
            check_zip(path)
            if is_torchscript(path):
                raise ValueError("it is a TorchScript archive, which is a program")
        return _load(path)
    except UNREADABLE as error:
        raise BadInputError(
            f"{path}: cannot be read as {expected}: {_reason(error, start)}; {remedy}"
        ) from error


def is_torchscript(path: Path) -> bool:
    """Tell whether a file is an archive of TorchScript: a program, not plain data."""
    try:
        with open_zip(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except OSError:
        return False


def _unreadable_path(path: Path, error: OSError, expected: str, remedy: str) -> BadInputError:
    if isinstance(error, FileNotFoundError):
        return BadInputError(f"{path}: no such file ({expected}); {remedy}")
    if path.is_dir():
        return BadInputError(f"{path}: a folder, not a file ({expected}); {remedy}")
    return BadInputError(f"{path}: cannot be read ({error.strerror}); {remedy}")


def _load(path: Path) -> Any:
    """Read the file; what it may hold beside plain values is learnt from torch's refusals."""
    allowed: list[tuple[type, str]] = []
    while True:
        try:
            with torch.serialization.safe_globals(allowed):
                return torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            name = _refused(error)
            known = {each for _, each in allowed}
            if name is None or name in known or not name.startswith(_LEFTOVERS):
                raise
            allowed.append((Leftover, name))


def _refused(error: Exception) -> str | None:
    """Return the name of the function or class for which torch refused to read a file."""
    found = _REFUSED.search(str(error)) if isinstance(error, pickle.UnpicklingError) else None
    if found is None:
        return None
    return found[1] if "." in found[1] else f"builtins.{found[1]}"


def _reason(error: Exception, start: bytes) -> str:
    """Return in a few words why torch, or the check before it, refused a file."""
    name = _refused(error)
    if name:
        return f"it holds {name}, which is code or needs code to be read, not plain values"
    if isinstance(error, OSError | ValueError) and is_zip(start):
        return str(error)
    # Its own words speak of options of torch.load that are not to be followed.
    return "it is damaged, or no file of torch"
