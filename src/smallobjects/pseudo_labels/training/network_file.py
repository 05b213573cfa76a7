"""Trained networks on disk: weights together with what is needed to build the network again."""

from collections.abc import Iterator
from contextlib import contextmanager
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
    with rebuilding(path, kind):
        return dict(content["description"]), dict(content["state"])


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
    with rebuilding(path, kind):
        found = description["num_classes"]
    if found != num_classes:
        raise BadInputError(
            f"{path}: {what} of {found} classes, but the dataset has "
            f"{num_classes}; train one on this dataset with `smallobjects train-{kind}`"
        )
    return description, state


@contextmanager
def rebuilding(path: str | Path, kind: str) -> Iterator[None]:
    """Say in one line that a network cannot be built from what its file says.

    Raises:
        BadInputError: the block raised because something is missing, or does not fit.
    """
    try:
        yield
    except BadInputError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInputError(
            f"{path}: does not fit the network that it describes ({type(error).__name__}: {reason})"
            f"; perhaps another version made it: make it again with `smallobjects train-{kind}`"
        ) from error
