"""The training of NS-ROM's classifier, which gathers attention on the way."""

import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.attention.accumulation import AttentionAccumulator
from smallobjects.pseudo_labels.attention.samples import SquareSample
from smallobjects.pseudo_labels.attention.training import train_on_squares
from smallobjects.pseudo_labels.nsrom.network import AttentionNetwork
from smallobjects.pseudo_labels.nsrom.parameters import ClassifierParameters
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint
from smallobjects.pseudo_labels.training.loop import seeded


def train_classifier(
    dataset: PreparedDataset,
    image_ids: list[str],
    parameters: ClassifierParameters,
    *,
    seed: int,
    device: torch.device,
    workers: int = 0,
    checkpoint: Checkpoint | None = None,
) -> tuple[AttentionNetwork, AttentionAccumulator]:
    """Train the classifier on image-level labels and gather its attention on the way.

    Args:
        dataset: the prepared dataset.
        image_ids: the images to train on; those without a class are negatives for all classes.
        parameters: the settings.
        seed: seed of initial values, order and colours.
        device: where to compute.
        workers: loader processes; they do not change the result.
        checkpoint: where the training keeps what it goes on from, if it may be stopped.

    Returns:
        The classifier in evaluation mode, and what was gathered.
    """
    with seeded(seed):
        network = AttentionNetwork(dataset.num_classes - 1, parameters, integral=False)
    network.to(device).train()
    network.backbone.train_stages(parameters.trained_from)
    network.backbone.set_statistics(parameters.batch_norm)
    gathered = AttentionAccumulator(parameters.epochs, parameters.least_probability)

    def loss(batch: list[Tensor], epoch: int) -> Tensor:
        images, targets, numbers = batch
        maps = network(images)
        logits = maps.mean(dim=(2, 3))
        ids = [image_ids[number] for number in numbers.tolist()]
        gathered.add(ids, targets, maps, logits.sigmoid(), epoch)
        return functional.multilabel_soft_margin_loss(logits, targets)

    train_on_squares(
        network,
        [network.head],
        image_ids,
        SquareSample(dataset, image_ids, parameters.input_size, parameters.colour_jitter),
        loss,
        parameters,
        seed=seed,
        device=device,
        workers=workers,
        name="NS-ROM classifier",
        checkpoint=checkpoint,
        companions={"attention": gathered},
    )
    return network.eval(), gathered
