"""Published weights of a backbone: read, renamed, and refused where they are another network's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from smallobjects.backbones.table import which_backbone
from smallobjects.backbones.weight_files import read_weights
from smallobjects.errors import BadInputError
from smallobjects.segmentation.errors import SegmentationError


def pretrained_path(initial: Mapping[str, Any] | None) -> Path | None:
    """Return the file that MMEngine's `init_cfg` reads, or None."""
    if not isinstance(initial, Mapping) or initial.get("type") != "Pretrained":
        return None
    return Path(initial["checkpoint"])


def read_pretrained(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file; see `smallobjects.backbones.weight_files.read_weights`.

    Raises:
        FileNotFoundError: there is no such file.
        SegmentationError: it is damaged, of another kind, or holds no weights.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such pretrained weights; fetch them, or set model.backbone.init_cfg to "
            "null to train from random values"
        )
    try:
        return read_weights(path, "give the weights of this network (.pth, .safetensors, .npz)")
    except BadInputError as error:
        raise SegmentationError(str(error)) from error


def weights_for(network: nn.Module, path: Path) -> dict[str, Tensor]:
    """Return the weights in a file under the names of a network, heads of other tasks left out.

    A network whose published weights have other names says so by a method `renamed_weights`.

    Raises:
        FileNotFoundError: there is no such file.
        SegmentationError: the network and the weights differ in names or shapes.
    """
    given = read_pretrained(path)
    rename = getattr(network, "renamed_weights", None)
    weights = rename(given) if rename else given
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
        title, hint = type(network).__name__, which_backbone(given)
        raise SegmentationError(
            f"{path}: not the weights of the backbone {title}: it {problems[0]} "
            f"({len(problems)} differences){hint}; take the weights of that network"
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
        read_pretrained(path)  # says what is wrong
    with torch.random.fork_rng(devices=[]):
        network: nn.Module = MODELS.build({**backbone, "init_cfg": None})
        load_pretrained(network, path)
