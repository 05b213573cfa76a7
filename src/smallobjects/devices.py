"""Where torch computes."""

import torch


def find_device(name: str) -> torch.device:
    """Return the device called `name`.

    Args:
        name: `cpu`, `cuda`, `cuda:<n>`, or `auto` for CUDA where there is one.

    Raises:
        ValueError: there is no such device here; the message says what to use instead.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device {name!r}: unknown; use cpu, cuda or auto") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"device {name!r}: torch sees {torch.cuda.device_count()} CUDA devices here; use cpu "
            "or auto, or start on a machine with a GPU"
        )
    return device
