"""The training loop of networks that see whole images as squares."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from smallobjects.pseudo_labels.attention.optimiser import gradient_descent, rate_factor
from smallobjects.pseudo_labels.attention.parameters import SquareTraining
from smallobjects.pseudo_labels.attention.samples import SquareSample
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint, Stateful
from smallobjects.pseudo_labels.training.loop import train
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence

Loss = Callable[[list[Tensor], int], Tensor]


def train_on_squares(
    network: nn.Module,
    new: list[nn.Module],
    image_ids: list[str],
    sample: SquareSample,
    loss: Loss,
    parameters: SquareTraining,
    *,
    seed: int,
    device: torch.device,
    workers: int,
    name: str,
    checkpoint: Checkpoint | None,
    companions: Mapping[str, Stateful] | None = None,
) -> None:
    """Train a network in place; every epoch has every image, in an order of its own.

    The public code of RCA takes the images in the order of its list, by which it names its files.

    Args:
        network: on `device`.
        new: its layers that are not pretrained.
        image_ids: the images.
        sample: makes the samples.
        loss: of a batch in an epoch (from 0), a scalar.
        parameters: the settings.
        seed: of order and colours.
        device: where to compute.
        workers: loader processes; they do not change the result.
        name: what is trained, for the log.
        checkpoint: as in `train`.
        companions: as there.
    """
    samples = SampleSequence(
        image_ids,
        sample,
        batch_size=parameters.batch_size,
        epochs=parameters.epochs,
        seed=seed,
        complete=True,
    )
    batches = Batches(samples, parameters.batch_size, workers)
    train(
        batches,
        lambda batch, step: loss(batch, step // samples.steps_per_epoch),
        network,
        gradient_descent(network, new, parameters),
        lambda step: rate_factor(step, len(batches), parameters),
        device=device,
        name=name,
        checkpoint=checkpoint,
        companions=companions,
    )
