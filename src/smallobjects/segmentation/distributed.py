"""Training in several processes, one for each GPU, that share every batch.

Each process takes its part of a batch of unchanged size; gradients are averaged, so Fisher
information and EWC see the gradient of the whole batch in every process.
"""

import errno
import gc
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import ProcessException

from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.plain_log import plain_log
from smallobjects.termination import TerminatedError

_CUT_SHORT = (pickle.UnpicklingError, EOFError)
"""Raised by an error that a process wrote, here or in torch, where the disk was full."""


def process_count() -> int:
    """Return the number of processes that train together; 1 outside `torch.distributed`."""
    return dist.get_world_size() if dist.is_initialized() else 1


def process_rank() -> int:
    """Return the number of this process among them, from 0 on."""
    return dist.get_rank() if dist.is_initialized() else 0


def over_processes(value: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes; no gradient flows through it."""
    if process_count() == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total


def from_every_process(value: Any) -> list[Any]:
    """Return what each process passes, in their order; every process must call it."""
    gathered: list[Any] = [None] * process_count()
    if len(gathered) == 1:
        return [value]
    dist.all_gather_object(gathered, value)
    return gathered


def in_processes(count: int, device: torch.device, function: Callable, *arguments: Any) -> None:
    """Call `function(*arguments)` in `count` processes that form a group of `torch.distributed`.

    With one process it is called here. Processes end when one fails, or when this one is killed.

    Args:
        count: processes; on a machine with GPUs, each takes one of them.
        device: of the CPU or CUDA.
        function: importable by its name.
        arguments: can be pickled.

    Raises:
        SegmentationError: there are fewer GPUs, or a process raised one, which is raised here.
        TerminatedError, OSError: a process raised one.
        ProcessException: a process raised another error, or crashed, and none of the above did.
    """
    if count == 1:
        function(*arguments)
        return
    if device.type == "cuda" and torch.cuda.device_count() < count:
        raise SegmentationError(
            f"{count} processes need {count} GPUs, but torch sees {torch.cuda.device_count()}; ask "
            "for fewer, or for a machine with more"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            torch.multiprocessing.spawn(
                _join_and_call, (count, device.type, folder, function, arguments), nprocs=count
            )
        except ProcessException as error:
            # When one fails the others do too, for want of it; only its own error is of use.
            raise _own_error(folder) or error from None
        except _CUT_SHORT:
            raise _no_room(folder) from None


def _own_error(folder: Path) -> Exception | None:
    """Return the error that a process wrote, if one did.

    Raises:
        OSError: there was no room for it.
    """
    for path in sorted(folder.glob("*.error")):
        try:
            return pickle.loads(path.read_bytes())
        except _CUT_SHORT:
            raise _no_room(path) from None
    return None


def _no_room(path: Path) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _join_and_call(
    rank: int, count: int, device: str, folder: Path, function: Callable, arguments: tuple
) -> None:
    # MMEngine asks the environment, as a launcher of processes would fill it.
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count}
    os.environ.update({name: str(value) for name, value in names.items()})
    if device == "cuda":
        torch.cuda.set_device(rank)
    dist.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        init_method=f"file://{folder / 'processes'}",
        rank=rank,
        world_size=count,
    )
    try:
        with plain_log():
            function(*arguments)
    except (SegmentationError, TerminatedError, OSError) as error:
        # Before the others learn of it, by a connection that ends.
        (folder / f"{rank}.error").write_bytes(pickle.dumps(error))
        raise
    finally:
        # The wrapped network is part of a cycle and would keep the group, whose threads may abort
        # an interpreter that ends before them.
        gc.collect()
        dist.destroy_process_group()
