"""The table of backbones: every file of `networks/` is one, under the file's name."""

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator

if TYPE_CHECKING:
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
        BadInputError: the file is missing or does not fit the network.
        ValueError: there is no such backbone.
    """
    return importlib.import_module(f"{PACKAGE}.{_known(name)}").build(weights)
