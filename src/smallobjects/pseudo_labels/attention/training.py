"""The training loop of networks that see whole images as squares."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from smallobjects.pseudo_labels.attention.optimiser import gradient_descent, rate_factor
from smallobjects.pseudo_labels.attention.parameters import SquareTraining
from smallobjects.pseudo_labels.attention.samples import SquareSample
from smallobjects.pseudo_labels.training.checkpoint import Stateful
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import train
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence

Loss = Callable[[list[Tensor], int], Tensor]


def train_on_squares(
    context: TrainingContext,
    network: nn.Module,
    new: list[nn.Module],
    sample: SquareSample,
    loss: Loss,
    parameters: SquareTraining,
    *,
    name: str,
    companions: Mapping[str, Stateful] | None = None,
) -> None:
    """Train a network in place; every epoch has every image, in an order of its own.

    The public code of RCA takes the images in the order of its list, by which it names its files.

    Args:
        context: the images; the seed is that of order and colours.
        network: on the device of the context.
        new: its layers that are not pretrained.
        sample: makes the samples.
        loss: of a batch in an epoch (from 0), a scalar.
        parameters: the settings.
        name: what is trained, for the log.
        companions: as in `train`.
    """
    samples = SampleSequence(
        context.image_ids,
        sample,
        batch_size=parameters.batch_size,
        epochs=parameters.epochs,
        seed=context.seed,
        complete=True,
    )
    batches = Batches(samples, parameters.batch_size, context.workers)
    train(
        batches,
        lambda batch, step: loss(batch, step // samples.steps_per_epoch),
        network,
        gradient_descent(network, new, parameters),
        lambda step: rate_factor(step, len(batches), parameters),
        device=context.device,
        name=name,
        checkpoint=context.checkpoint,
        companions=companions,
    )
