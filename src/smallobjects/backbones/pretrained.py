"""Pretrained weights of a backbone, loaded so that nothing is missing."""

from collections.abc import Callable
from pathlib import Path

from torch import nn

from smallobjects.backbones.errors import ForeignWeightsError
from smallobjects.backbones.weight_files import State, read_weights

_COUNTER = ".num_batches_tracked"
"""Files that are older than these counters of batch normalisation lack them; nothing reads them."""


def load_weights(
    network: nn.Module,
    path: Path | State,
    title: str,
    heads: tuple[str, ...],
    rename: Callable[[State], State] = dict,
    kind: str = "state dict",
) -> None:
    """Load weights into a network of the same layers.

    Args:
        network: it may have a head of its own or none.
        path: a file that `read_weights` reads, or what it returned.
        title: what the network is called, for errors.
        heads: beginnings of the names of the classifier's layers, which are not loaded.
        rename: gives the weights the network's names.
        kind: of file, for errors.

    Raises:
        BadInputError: the file is missing, damaged, or of another kind.
        ForeignWeightsError: it does not hold exactly the network's other weights.
    """
    remedy = f"give a {kind} of {title} as pretrained weights, or null"
    given = path if isinstance(path, dict) else read_weights(path, remedy)
    weights = rename({name: given[name] for name in given if not name.startswith(heads)})
    own = {name: each for name, each in network.state_dict().items() if not name.startswith(heads)}
    missing = [name for name in own if name not in weights and not name.endswith(_COUNTER)]
    unknown = [name for name in weights if name not in own]
    resized = [name for name in own if name in weights and weights[name].shape != own[name].shape]
    share = share_in_both(own, weights)
    if missing or unknown:
        raise ForeignWeightsError(
            f"{path}: does not fit {title}: {len(missing)} keys are missing and {len(unknown)} are "
            f"unknown, such as {(missing + unknown)[0]}",
            remedy,
            given,
            share,
        )
    if resized:
        name = resized[0]
        raise ForeignWeightsError(
            f"{path}: does not fit {title} (size of {name}: {tuple(weights[name].shape)} instead "
            f"of {tuple(own[name].shape)})",
            remedy,
            given,
            share,
        )
    network.load_state_dict(weights, strict=False)


def share_in_both(own: State, given: State) -> float:
    """Return how many of the names in one of two sets of weights are in both, with equal shapes."""
    common = sum(name in given and given[name].shape == own[name].shape for name in own)
    return common / max(1, len(own.keys() | given.keys()))


def load_torchvision(network: nn.Module, path: Path | State, title: str, head: str) -> None:
    """Load a torchvision state dict; `head` begins the names of the classifier's layers."""
    load_weights(network, path, title, (head,), kind="torchvision state dict")
