"""Pretrained weights of a backbone, loaded so that nothing is missing."""

from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn

from smallobjects.backbones.torch_files import read_torch_file
from smallobjects.errors import BadInputError

State = dict[str, Tensor]
WRAPPERS = ("state_dict", "model")


def load_weights(
    network: nn.Module,
    path: Path,
    title: str,
    heads: tuple[str, ...],
    rename: Callable[[State], State] = dict,
    kind: str = "state dict",
) -> None:
    """Load a state dict into a network of the same layers.

    Args:
        network: it may have a head of its own or none.
        path: the state dict.
        title: what the network is called, for errors.
        heads: beginnings of the names of the classifier's layers, which are not loaded.
        rename: gives the weights the network's names.
        kind: of file, for errors.

    Raises:
        BadInputError: the file is missing, or does not hold exactly the network's other weights.
    """
    remedy = f"give a {kind} of {title} as pretrained weights, or null"
    state = read_torch_file(path, "pretrained weights", remedy)
    if isinstance(state, dict):
        # Checkpoints of trainings keep the weights beside other things.
        state = next((state[key] for key in WRAPPERS if isinstance(state.get(key), dict)), state)
    try:
        state = rename({key: state[key] for key in state if not key.startswith(heads)})
        outcome = network.load_state_dict(state, strict=False)
    except (AttributeError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise BadInputError(f"{path}: does not fit {title} ({reason}); {remedy}") from error
    missing = [key for key in outcome.missing_keys if not key.startswith(heads)]
    if missing or outcome.unexpected_keys:
        raise BadInputError(
            f"{path}: does not fit {title}: {len(missing)} keys are missing and "
            f"{len(outcome.unexpected_keys)} are unknown, such as "
            f"{(missing + outcome.unexpected_keys)[0]}; {remedy}"
        )


def load_torchvision(network: nn.Module, path: Path, title: str, head: str) -> None:
    """Load a torchvision state dict; `head` begins the names of the classifier's layers."""
    load_weights(network, path, title, (head,), kind="torchvision state dict")
