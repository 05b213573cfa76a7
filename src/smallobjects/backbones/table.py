"""The table of backbones: every file of `networks/` is one, under the file's name."""

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator

from smallobjects.backbones.errors import ForeignWeightsError
from smallobjects.errors import BadInputError

if TYPE_CHECKING:
    from torch import Tensor

    from smallobjects.backbones.backbone import Backbone

PACKAGE = "smallobjects.backbones.networks"
Stage = Literal["stem", "layer1", "layer2", "layer3", "layer4"]
"""The five parts of a backbone, from the image on."""
Statistics = Literal["frozen", "trained"]
"""What batch normalisation reads in training: its running statistics, or those of the batch."""


@cache
def known_backbones() -> tuple[str, ...]:
    """Return the names of all backbones, sorted."""
    folder = Path(__file__).with_name("networks")
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(folder)])))


def _known(name: str) -> str:
    if name not in known_backbones():
        close = get_close_matches(name, known_backbones(), n=1)
        hint = f". Did you mean {close[0]}?" if close else ""
        raise ValueError(f"no such backbone; there are {', '.join(known_backbones())}{hint}")
    return name


BackboneName = Annotated[str, AfterValidator(_known)]


def build_backbone(name: str, weights: Path | None = None) -> "Backbone":
    """Return the backbone called `name`, with pretrained weights if a file is given.

    Raises:
        BadInputError: the file is missing, damaged, or does not fit the network; the message names
            the backbone that it fits best, if there is one.
        ValueError: there is no such backbone.
    """
    try:
        return _build(_known(name), weights)
    except ForeignWeightsError as error:
        hint = which_backbone(error.weights)
        raise BadInputError(f"{error.problem}{hint}; {error.remedy}") from error


def which_backbone(weights: "dict[str, Tensor]") -> str:
    """Return a message's words about which backbone given weights belong to, or no words."""
    from smallobjects.backbones.nearest import nearest_network

    nearest = nearest_network(weights, known_backbones(), _build)
    if nearest is None:
        return ""
    name, share = nearest
    if share == 1:
        return f"; it holds the weights of {name}"
    return f"; nearest to it is {name}, which {share:.0%} of the names and shapes fit"


def _build(name: str, weights: "Path | dict[str, Tensor] | None") -> "Backbone":
    return importlib.import_module(f"{PACKAGE}.{name}").build(weights)
