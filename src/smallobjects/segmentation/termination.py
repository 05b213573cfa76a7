"""The end of a training that SIGTERM asked for, in however many processes it runs."""

import torch

from smallobjects.segmentation.distributed import over_processes, process_count
from smallobjects.termination import termination_noted


def termination_asked(device: str) -> bool:
    """Tell whether any of the processes that train together was asked to end; all call it.

    Args:
        device: of the training, on which the processes tell each other.
    """
    if process_count() == 1:
        return termination_noted()
    return bool(over_processes(torch.tensor(float(termination_noted()), device=device)))
