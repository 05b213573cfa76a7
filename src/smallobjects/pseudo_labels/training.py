"""The training loop that the networks of this room share."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from smallobjects.pseudo_labels.progress import progress

REPORTS = 10


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from torch's generator as `seed` says, and leave it as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def train(
    batches: Iterator[list[Tensor]],
    steps: int,
    loss_of: Callable[[list[Tensor]], Tensor],
    optimizer: torch.optim.Optimizer,
    rate_factor: Callable[[int], float],
    *,
    device: torch.device,
    name: str,
) -> None:
    """Run `steps` steps of the optimiser, one per batch.

    Args:
        batches: yields one list of tensors per step.
        steps: number of steps.
        loss_of: the loss of a batch, a scalar.
        optimizer: its groups' initial rates are multiplied by `rate_factor(step)`.
        rate_factor: factor of the initial rates in step 0, 1, ….
        device: where the batches go.
        name: what is trained, for the log.

    Raises:
        FloatingPointError: the loss is not finite.
    """
    initial_rates = [group["lr"] for group in optimizer.param_groups]
    total, count = torch.zeros((), device=device), 0
    start, images = time.monotonic(), 0
    for step, batch in enumerate(progress(batches, f"train {name}", steps)):
        for group, rate in zip(optimizer.param_groups, initial_rates, strict=True):
            group["lr"] = rate * rate_factor(step)
        loss = loss_of([tensor.to(device, non_blocking=True) for tensor in batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total, count, images = total + loss.detach(), count + 1, images + len(batch[0])
        if (step + 1) * REPORTS // steps > step * REPORTS // steps:
            mean_loss = float(total / count)
            rate = images / (time.monotonic() - start)
            _report(name, step + 1, steps, mean_loss, rate)
            total, count = torch.zeros((), device=device), 0


def _report(name: str, step: int, steps: int, loss: float, rate: float) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"{name}: the loss is {loss} by step {step}; lower the learning rate"
        )
    line = f"{name}: step {step}/{steps}, loss {loss:.4f}, {rate:.1f} images/s"
    print(line, file=sys.stderr)
