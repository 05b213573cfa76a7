"""Where torch computes, and with how many threads."""

import torch

from smallobjects.pseudo_labels.errors import BadInputError


def select_device(name: str, threads: int) -> torch.device:
    """Prepare torch for repeatable results and return the device called `name`.

    Args:
        name: `cpu`, `cuda`, `cuda:<n>`, or `auto`: cuda where there is one.
        threads: CPU threads. Sums are split by thread, so results depend on it in the last bits.

    Raises:
        BadInputError: there is no such device here.
    """
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BadInputError(f"--device {name}: no such device; use cpu, cuda or auto") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BadInputError(f"--device {name}: no CUDA device here; use --device cpu")
    return device
