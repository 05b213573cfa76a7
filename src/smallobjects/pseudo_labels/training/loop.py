"""The training loop that the networks of this room share."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from smallobjects.progress import progress
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint, Stateful
from smallobjects.pseudo_labels.training.sampling import Batches
from smallobjects.termination import deferred_termination

REPORTS = 10


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from torch's generator as `seed` says, and leave it as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def train(
    batches: Batches,
    loss_of: Callable[[list[Tensor], int], Tensor],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    rate_factor: Callable[[int], float],
    *,
    device: torch.device,
    name: str,
    checkpoint: Checkpoint | None = None,
    companions: Mapping[str, Stateful] | None = None,
) -> None:
    """Run one step of the optimiser per batch.

    With a checkpoint, a training that was stopped goes on from it: on a CPU it ends with the same
    weights, bit for bit, as one that was not.

    Args:
        batches: a list of tensors per step.
        loss_of: the loss of a batch in a step (from 0), a scalar.
        network: what is trained, and whatever of it changes on the way.
        optimizer: its groups' initial rates are multiplied by `rate_factor(step)`.
        rate_factor: factor of the initial rates in step 0, 1, ….
        device: where the batches go.
        name: what is trained, for the log.
        checkpoint: where the state is kept now and then, and when SIGTERM comes.
        companions: what else changes on the way, under names for the checkpoint.

    Raises:
        FloatingPointError: the loss is not finite.
        TerminatedError: SIGTERM came, and the step that was under way is saved.
        BadInputError: the checkpoint is not of such a training.
    """
    initial_rates = [group["lr"] for group in optimizer.param_groups]
    parts = {"network": network, "optimizer": optimizer, **(companions or {})}
    first = checkpoint.restore(parts, name) if checkpoint else 0
    total, count = torch.zeros((), device=device), 0
    start, images = time.monotonic(), 0
    steps = len(batches)
    remaining = progress(batches.starting_at(first), f"train {name}", steps - first)
    with deferred_termination() if checkpoint else nullcontext():
        for step, batch in enumerate(remaining, start=first):
            for group, rate in zip(optimizer.param_groups, initial_rates, strict=True):
                group["lr"] = rate * rate_factor(step)
            loss = loss_of([tensor.to(device, non_blocking=True) for tensor in batch], step)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total, count, images = total + loss.detach(), count + 1, images + len(batch[0])
            if (step + 1) * REPORTS // steps > step * REPORTS // steps:
                mean_loss = float(total / count)
                rate = images / (time.monotonic() - start)
                _report(name, step + 1, steps, mean_loss, rate)
                total, count = torch.zeros((), device=device), 0
            if checkpoint and step + 1 < steps:
                checkpoint.keep(parts, step + 1)


def _report(name: str, step: int, steps: int, loss: float, rate: float) -> None:
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"{name}: the loss is {loss} by step {step}; lower the learning rate"
        )
    line = f"{name}: step {step}/{steps}, loss {loss:.4f}, {rate:.1f} images/s"
    print(line, file=sys.stderr)
