"""The one reader of weights that people bring: of torch, safetensors, NumPy and MXNet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from smallobjects.backbones.file_kinds import MXNET, first_bytes, is_safetensors, is_zip
from smallobjects.backbones.mxnet_file import read_mxnet
from smallobjects.backbones.torch_files import read_torch_file
from smallobjects.errors import BadInputError
from smallobjects.integrity.zips import check_zip, open_zip

State = dict[str, Tensor]
EXPECTED = "pretrained weights"
WRAPPERS = ("state_dict", "model", "model_state_dict")
"""Under what checkpoints of trainings keep the weights, beside other things."""
_AROUND = ("module.", "model.", "_orig_mod.")
"""What is put before every name when a network is wrapped, by `torch.compile` too."""
_PART = ("backbone.", "body.")
"""What is put before the names of a backbone that is part of a segmentor or detector."""


def read_weights(path: Path, remedy: str) -> State:
    """Return the arrays in a file by their names, on the CPU.

    Args:
        path: a checkpoint or state dict of torch, as torchvision, timm, DeiT, MMEngine and
            MMSegmentation publish them, a file of safetensors, an .npz file of NumPy or a .params
            file of MXNet; told apart by their content. Of a segmentor or detector, what belongs to
            its backbone is returned.
        remedy: what an error advises.

    Raises:
        BadInputError: there is no such file, it is damaged, of another kind, or holds no weights
            or such that are not finite.
    """
    content = _content(Path(path), remedy)
    for _ in WRAPPERS:
        inner = [content[key] for key in WRAPPERS if isinstance(content.get(key), Mapping)]
        content = (inner or _only_weights(content) or [content])[0]
    wrong = [name for name, each in content.items() if not isinstance(each, Tensor)]
    if wrong or not content:
        what = f"{wrong[0]!r} is none" if wrong else "there is none"
        several = [repr(name) for name in wrong if _are_weights(content[name])]
        if several:
            what = f"it has several, {', '.join(several)}; save one of them as a file"
        raise BadInputError(
            f"{path}: cannot be read as {EXPECTED}: no mapping of names to arrays ({what}); "
            f"{remedy}"
        )
    for name, each in content.items():
        if each.layout != torch.strided or each.is_meta or each.is_quantized:
            raise BadInputError(f"{path}: {name} is no plain array of numbers; {remedy}")
        if not _is_finite(each):
            raise BadInputError(f"{path}: {name} has NaN or infinite values; {remedy}")
    return of_backbone({str(name): each for name, each in content.items()})


def of_backbone(weights: State) -> State:
    """Return weights without what wraps their names, and of a whole model its backbone's alone."""
    for around in _AROUND * len(_AROUND):  # one may be within another
        if all(name.startswith(around) for name in weights):
            weights = {name.removeprefix(around): each for name, each in weights.items()}
    for part in _PART:
        own = {n.removeprefix(part): each for n, each in weights.items() if n.startswith(part)}
        if not own:
            break
        weights = own
    return weights


def _content(path: Path, remedy: str) -> Mapping[str, Any]:
    try:
        start = first_bytes(path)
        if start.startswith(MXNET):
            arrays = read_mxnet(path)
            return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        if is_safetensors(start):
            return _safetensors(path)
        if is_zip(start) and _is_npz(path):
            check_zip(path)
            with np.load(path, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except BadInputError:
        raise
    except (OSError, ValueError, TypeError) as error:
        if path.is_file():
            raise BadInputError(
                f"{path}: cannot be read as {EXPECTED}: {error}; {remedy}"
            ) from error
    content = read_torch_file(path, EXPECTED, remedy)
    return content if isinstance(content, Mapping) else {type(content).__name__: content}


def _are_weights(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(each, Tensor) for each in value.values())


def _only_weights(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the one mapping of arrays that stands beside other things, if there is one alone."""
    found = [each for each in content.values() if _are_weights(each)]
    return found if len(found) == 1 else []


def _is_finite(values: Tensor) -> bool:
    if not values.is_floating_point() or not values.numel():
        return True
    if values.itemsize == 1:  # of 8 bits, which PyTorch converts and does not compare
        values = values.float()
    # NaN is lowest and highest; this is several times as fast as to look at every value.
    return all(bool(torch.isfinite(end)) for end in values.aminmax())


def _is_npz(path: Path) -> bool:
    with open_zip(path) as archive:
        return all(name.endswith(".npy") for name in archive.namelist())


def _safetensors(path: Path) -> State:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"damaged, or no file of safetensors ({error})") from error
