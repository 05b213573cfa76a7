"""Training in several processes, one for each GPU, that share every batch.

Each process takes its part of a batch of unchanged size; gradients are averaged, so Fisher
information and EWC see the gradient of the whole batch in every process.
"""

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import ProcessRaisedException

from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.plain_log import plain_log


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
        SegmentationError: there are fewer GPUs, or a process raised one; the message is its own.
    """
    if count == 1:
        function(*arguments)
        return
    if device.type == "cuda" and torch.cuda.device_count() < count:
        raise SegmentationError(
            f"{count} processes need {count} GPUs, but torch sees {torch.cuda.device_count()}; ask "
            "for fewer, or for a machine with more"
        )
    with tempfile.TemporaryDirectory() as folder:
        meeting_point = str(Path(folder) / "processes")
        try:
            torch.multiprocessing.spawn(
                _join_and_call,
                (count, device.type, meeting_point, function, arguments),
                nprocs=count,
            )
        except ProcessRaisedException as error:
            raise _expected(error) or error from None


def _join_and_call(
    rank: int, count: int, device: str, meeting_point: str, function: Callable, arguments: tuple
) -> None:
    # MMEngine asks the environment, as a launcher of processes would fill it.
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count}
    os.environ.update({name: str(value) for name, value in names.items()})
    if device == "cuda":
        torch.cuda.set_device(rank)
    dist.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        init_method=f"file://{meeting_point}",
        rank=rank,
        world_size=count,
    )
    try:
        with plain_log():
            function(*arguments)
    finally:
        dist.destroy_process_group()


def _expected(error: ProcessRaisedException) -> Exception | None:
    """Return the error about the user's input or machine that a process raised, if it was one."""
    last = str(error).strip().splitlines()[-1]
    found = re.match(r"(?:[\w.]+\.)?(\w+): (?:\[Errno (\d+)\] )?(.*)", last)
    if found is None:
        return None
    kind, number, message = found.groups()
    if kind == "OSError" and number:
        message, _, file = message.partition(": ")
        return OSError(int(number), message, file.strip("'") or None)
    kinds = {"SegmentationError": SegmentationError, "FileNotFoundError": FileNotFoundError}
    return kinds[kind](message) if kind in kinds else None
