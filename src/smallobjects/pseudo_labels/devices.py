"""Where torch computes, and with how many threads."""

import torch

from smallobjects.devices import find_device
from smallobjects.pseudo_labels.errors import BadInputError


def prepare_device(name: str, threads: int) -> torch.device:
    """Prepare torch for repeatable results and return the device called `name`.

    Args:
        name: see `find_device`.
        threads: CPU threads. Sums are split by thread, so results depend on it in the last bits.

    Raises:
        BadInputError: there is no such device here.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        return find_device(name)
    except ValueError as error:
        raise BadInputError(str(error)) from None
