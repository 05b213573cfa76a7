"""Where torch computes."""

import torch

from smallobjects.cuda import gpu_is_meant, why_unusable

_REMEDY = (
    "install a driver, or the build of PyTorch that fits yours (docs/cluster.md, 'Another CUDA'); "
    "to compute on the CPU, say --device cpu (in config/config.yaml: compute: {device: cpu})"
)


def find_device(name: str) -> torch.device:
    """Return the device called `name`.

    Args:
        name: `cpu`, `cuda`, `cuda:<n>`, or `auto`: CUDA where there is a GPU, else the CPU.

    Raises:
        ValueError: there is no such device here, or (with `auto`) there is a GPU that torch cannot
            use; the message says why, and what to do.
    """
    if name == "auto":
        name = "cuda" if gpu_is_meant() or why_unusable() is None else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device {name!r}: unknown; use cpu, cuda or auto") from None
    if device.type == "cuda" and (reason := why_unusable(device.index or 0)):
        raise ValueError(f"device {name!r}: CUDA cannot be used here: {reason}; {_REMEDY}")
    return device
