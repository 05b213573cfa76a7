"""Pretrained weights in torchvision's naming, loaded so that nothing is missing."""

from pathlib import Path

from torch import nn

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.network_file import read_torch_file


def load_torchvision(network: nn.Module, path: Path, title: str, head: str) -> None:
    """Load a torchvision state dict into a network of the same layers.

    Args:
        network: its parameters have torchvision's names; it may have a head of its own or none.
        path: the state dict.
        title: what the network is called, for errors.
        head: beginning of the names of the classifier's layers, which are not loaded.

    Raises:
        BadInputError: the file is missing, or does not hold exactly the network's other weights.
    """
    remedy = f"set `weights` to a torchvision state dict of {title}"
    state = read_torch_file(path, "pretrained weights", remedy)
    try:
        state = {key: value for key, value in state.items() if not key.startswith(head)}
        outcome = network.load_state_dict(state, strict=False)
    except (AttributeError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise BadInputError(f"{path}: does not fit {title} ({reason}); {remedy}") from error
    missing = [key for key in outcome.missing_keys if not key.startswith(head)]
    if missing or outcome.unexpected_keys:
        raise BadInputError(
            f"{path}: does not fit {title}: {len(missing)} keys are missing and "
            f"{len(outcome.unexpected_keys)} are unknown, such as "
            f"{(missing + outcome.unexpected_keys)[0]}; {remedy}"
        )
