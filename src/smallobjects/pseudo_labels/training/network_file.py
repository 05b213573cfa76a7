"""Trained networks on disk: weights together with what is needed to build the network again."""

from pathlib import Path

import torch
from torch import nn

from smallobjects.backbones.torch_files import read_torch_file
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.publishing import publish_file


def save_network(path: str | Path, kind: str, description: dict, network: nn.Module) -> None:
    """Write a network; equal weights make equal bytes.

    Args:
        path: the file to write.
        kind: what it is, such as `classifier`.
        description: plain values that say how to build it.
        network: the network, on any device.
    """
    state = {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}
    content = {"kind": kind, "description": description, "state": state}
    # torch names the records inside after a path, so it is given an open file instead.
    with publish_file(path) as partial, partial.open("wb") as file:
        torch.save(content, file)


def load_network(path: str | Path, kind: str) -> tuple[dict, dict]:
    """Return the description and the state dict of a network of this kind.

    Raises:
        BadInputError: the file holds something else.
    """
    remedy = f"make it with `smallobjects train-{kind}`"
    content = read_torch_file(path, f"a network of kind {kind!r}", remedy)
    found = content.get("kind") if isinstance(content, dict) else None
    if found != kind:
        raise BadInputError(f"{path}: expected kind {kind!r}, found {found!r}; {remedy}")
    return content["description"], content["state"]


def load_network_of_classes(
    path: str | Path, kind: str, num_classes: int, what: str
) -> tuple[dict, dict]:
    """Return the description and the state dict of a network of this kind and number of classes.

    Args:
        path: the file.
        kind: what it must be, such as `classifier`.
        num_classes: what its description must say.
        what: what messages call it, such as `a classifier`.

    Raises:
        BadInputError: the file holds something else, or a network of other classes.
    """
    description, state = load_network(path, kind)
    if description["num_classes"] != num_classes:
        raise BadInputError(
            f"{path}: {what} of {description['num_classes']} classes, but the dataset has "
            f"{num_classes}; train one on this dataset with `smallobjects train-{kind}`"
        )
    return description, state
