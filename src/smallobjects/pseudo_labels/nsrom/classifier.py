"""The training of NS-ROM's classifier, which gathers attention on the way."""

from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.attention.accumulation import AttentionAccumulator
from smallobjects.pseudo_labels.attention.samples import SquareSample
from smallobjects.pseudo_labels.attention.training import train_on_squares
from smallobjects.pseudo_labels.nsrom.network import AttentionNetwork
from smallobjects.pseudo_labels.nsrom.parameters import AttentionClassifierParameters
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded


def train_classifier(
    context: TrainingContext, parameters: AttentionClassifierParameters
) -> tuple[AttentionNetwork, AttentionAccumulator]:
    """Train the classifier on image-level labels and gather its attention on the way.

    Args:
        context: the images to train on; those without a class are negatives for all classes. The
            seed is that of initial values, order and colours.
        parameters: the settings.

    Returns:
        The classifier in evaluation mode, and what was gathered.
    """
    with seeded(context.seed):
        network = AttentionNetwork(context.dataset.num_classes - 1, parameters, integral=False)
    network.to(context.device).train()
    network.backbone.train_stages(parameters.trained_from)
    network.backbone.set_statistics(parameters.batch_norm)
    gathered = AttentionAccumulator(parameters.epochs, parameters.least_probability)

    def loss(batch: list[Tensor], epoch: int) -> Tensor:
        images, targets, numbers = batch
        maps = network(images)
        logits = maps.mean(dim=(2, 3))
        ids = [context.image_ids[number] for number in numbers.tolist()]
        gathered.add(ids, targets, maps, logits.sigmoid(), epoch)
        return functional.multilabel_soft_margin_loss(logits, targets)

    train_on_squares(
        context,
        network,
        [network.head],
        SquareSample(
            context.dataset, context.image_ids, parameters.input_size, parameters.colour_jitter
        ),
        loss,
        parameters,
        name="NS-ROM classifier",
        companions={"attention": gathered},
    )
    return network.eval(), gathered
