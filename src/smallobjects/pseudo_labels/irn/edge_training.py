"""Training of the edge network from the affinities of seed pixels (IRN)."""

import torch
from torch import Tensor

from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.strides import STRIDE
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.irn.affinity import affinity_loss, pair_labels, path_affinities
from smallobjects.pseudo_labels.irn.edges import EdgeNetwork
from smallobjects.pseudo_labels.irn.seed_samples import SeedSample
from smallobjects.pseudo_labels.labels.archive import LabelArchives
from smallobjects.pseudo_labels.parameters import EdgeParameters
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence
from smallobjects.pseudo_labels.training.schedules import poly_factor


def _initial_network(parameters: EdgeParameters, classifier: Classifier) -> EdgeNetwork:
    if parameters.initial == "weights":
        return EdgeNetwork(parameters.network, parameters.weights)
    if classifier.network != parameters.network:
        raise BadInputError(
            f"the classifier is a {classifier.network}, the edge network a {parameters.network}; "
            'with `initial: classifier` set both to the same `network`, or use `initial: "weights"`'
        )
    network = EdgeNetwork(parameters.network)
    network.backbone.load_state_dict(classifier.backbone.state_dict())
    return network


def train_edges(
    context: TrainingContext,
    seeds: LabelArchives,
    classifier: Classifier,
    parameters: EdgeParameters,
) -> EdgeNetwork:
    """Train an edge network on the affinities of seeds.

    Args:
        context: the images to train on. The seed is that of initial values, order and augmentation.
        seeds: their seeds.
        classifier: whose backbone is the start if the parameters say so.
        parameters: the settings. The backbone's batch normalisation keeps its running statistics
            even where the backbone is trained.

    Returns:
        The network in evaluation mode.

    Raises:
        BadInputError: the seeds or the classifier do not fit.
    """
    with seeded(context.seed):
        network = _initial_network(parameters, classifier).to(context.device)
    network.train()
    network.backbone.train_stages("stem" if parameters.train_backbone else None)
    network.backbone.set_statistics("frozen")
    samples = SampleSequence(
        context.image_ids,
        SeedSample(
            context.dataset,
            seeds,
            rescale=parameters.rescale,
            crop_size=parameters.crop_size,
            stride=STRIDE,
        ),
        batch_size=parameters.batch_size,
        epochs=parameters.epochs,
        seed=context.seed,
    )
    batches = Batches(samples, parameters.batch_size, context.workers)

    def loss(batch: list[Tensor], _: int) -> Tensor:
        images, labels = batch
        affinities = path_affinities(torch.sigmoid(network(images)), parameters.radius)
        return affinity_loss(affinities, pair_labels(labels, parameters.radius))

    train(
        batches,
        loss,
        network,
        torch.optim.SGD(
            [parameter for parameter in network.parameters() if parameter.requires_grad],
            lr=parameters.learning_rate,
            momentum=parameters.momentum,
            weight_decay=parameters.weight_decay,
        ),
        lambda step: poly_factor(step, len(batches), parameters.poly_power),
        device=context.device,
        name="edges",
        checkpoint=context.checkpoint,
    )
    return network.eval()
