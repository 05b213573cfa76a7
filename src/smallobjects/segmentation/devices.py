"""Where the network runs."""

import mmengine.device.utils
import torch

from smallobjects.segmentation.errors import SegmentationError


def select_device(name: str) -> torch.device:
    """Return the device to use and make it MMEngine's.

    Args:
        name: `cpu`, `cuda`, `cuda:<n>`, or `auto` for CUDA where there is one.

    Raises:
        SegmentationError: there is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise SegmentationError(f"device {name!r}: unknown; use cpu, cuda or auto") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise SegmentationError(
            f"device {name!r}: torch sees {torch.cuda.device_count()} CUDA devices here; use cpu "
            "or auto, or start on a machine with a GPU"
        )
    # MMEngine decides once, when it is imported, and offers no other way to choose.
    mmengine.device.utils.DEVICE = name
    return device
