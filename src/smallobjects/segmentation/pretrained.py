"""Published weights of a backbone: read, renamed, and refused where they are another network's."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from smallobjects.segmentation.errors import SegmentationError


def pretrained_path(initial: Mapping[str, Any] | None) -> Path | None:
    """Return the file that MMEngine's `init_cfg` reads, or None."""
    if not isinstance(initial, Mapping) or initial.get("type") != "Pretrained":
        return None
    return Path(initial["checkpoint"])


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights in a .pth file of torch or in an .npz file of NumPy.

    Raises:
        FileNotFoundError: there is no such file.
        SegmentationError: it holds no weights that can be read without running what it holds.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such pretrained weights; fetch them, or set model.backbone.init_cfg to "
            "null to train from random values"
        )
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                weights = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, str(error)) from error
    except Exception as error:
        # torch raises the pickle module's own errors for a file that is no checkpoint.
        raise _unreadable(path, type(error).__name__) from error
    weights = weights.get("state_dict", weights) if isinstance(weights, dict) else weights
    if not isinstance(weights, dict) or not all(isinstance(w, Tensor) for w in weights.values()):
        raise _unreadable(path, "it is no mapping of names to arrays")
    return weights


def _unreadable(path: Path, reason: str) -> SegmentationError:
    first = reason.partition("\n")[0]
    return SegmentationError(f"{path}: not readable as weights ({first}); fetch it again")


def weights_for(network: nn.Module, path: Path) -> dict[str, Tensor]:
    """Return the weights in a file under the names of a network, heads of other tasks left out.

    A network whose published weights have other names says so by a method `renamed_weights`.

    Raises:
        FileNotFoundError: there is no such file.
        SegmentationError: the network and the weights differ in names or shapes.
    """
    weights = read_weights(path)
    rename = getattr(network, "renamed_weights", None)
    weights = rename(weights) if rename else weights
    own = network.state_dict()
    # Files that are older than these counters lack them, and nothing reads them.
    counters = {name: own[name] for name in own if name.endswith(".num_batches_tracked")}
    weights = {**counters, **weights}
    parts = {name.partition(".")[0] for name in own}
    # What stands under a name that the network does not have at all is a head of the other task.
    weights = {name: each for name, each in weights.items() if name.partition(".")[0] in parts}
    problems = [f"lacks {name}" for name in own if name not in weights]
    problems += [f"has {name}, too" for name in weights if name not in own]
    problems += [
        f"has {name} of shape {tuple(weights[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    if problems:
        raise SegmentationError(
            f"{path}: not the weights of the backbone {type(network).__name__}: it {problems[0]} "
            f"({len(problems)} differences); take the weights of that network"
        )
    return weights


def load_pretrained(network: nn.Module, path: Path) -> None:
    """Put the weights in a file into a network.

    Raises:
        FileNotFoundError: there is no such file.
        SegmentationError: they are another network's.
    """
    if hasattr(network, "load_published"):
        network.load_published(path)
    else:
        network.load_state_dict(weights_for(network, path))


class PublishedWeights:
    """Goes before a backbone's class: `init_cfg` may name published weights under other names."""

    init_cfg: Any

    def init_weights(self) -> None:
        """Read the weights that `init_cfg` names; without any, initialise as the backbone does.

        Raises:
            FileNotFoundError: there is no such file.
            SegmentationError: the file holds weights of another network.
        """
        path = pretrained_path(self.init_cfg)
        if path is None:
            super().init_weights()
        else:
            load_pretrained(self, path)


def check_pretrained(backbone: Mapping[str, Any]) -> None:
    """Refuse pretrained weights of another network, which MMEngine would silently leave out.

    Args:
        backbone: its settings, with MMEngine's `init_cfg`.

    Raises:
        FileNotFoundError: there is no such file.
        SegmentationError: the file is another network's.
    """
    initial = backbone.get("init_cfg")
    path = pretrained_path(initial)
    if path is None or initial.get("prefix"):
        return
    if not path.is_file():
        read_weights(path)
    with torch.random.fork_rng(devices=[]):
        network: nn.Module = MODELS.build({**backbone, "init_cfg": None})
        load_pretrained(network, path)
