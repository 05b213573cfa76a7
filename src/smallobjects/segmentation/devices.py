"""Where the network runs."""

import mmengine.device.utils
import torch

from smallobjects.devices import find_device
from smallobjects.segmentation.errors import SegmentationError


def select_device(name: str) -> torch.device:
    """Return the device called `name` (see `find_device`) and make it MMEngine's.

    Raises:
        SegmentationError: there is no such device here.
    """
    try:
        device = find_device(name)
    except ValueError as error:
        raise SegmentationError(str(error)) from None
    # MMEngine decides once, when it is imported, and offers no other way to choose.
    mmengine.device.utils.DEVICE = str(device)
    return device
