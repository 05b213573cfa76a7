"""Training of EDAM's masks by classifying, in pairs of images, what they let through."""

import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.edam.network import EdamNetwork
from smallobjects.pseudo_labels.edam.parameters import EdamParameters
from smallobjects.pseudo_labels.edam.samples import PairSequence
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor, warm_up_poly_factor


def initial_network(
    num_classes: int, parameters: EdamParameters, classifier: Classifier | None
) -> EdamNetwork:
    """Return a network as its training starts.

    Args:
        num_classes: C, without the background.
        parameters: say whether the backbone has pretrained weights or those of the classifier.
        classifier: needed in the second case only.

    Raises:
        BadInputError: the weights do not fit; or there is no classifier, or one of another network.
    """
    if parameters.initial == "weights":
        return EdamNetwork(num_classes, parameters, parameters.weights)
    if classifier is None or classifier.network != parameters.network:
        found = "none is given" if classifier is None else f"it is a {classifier.network!r}"
        raise BadInputError(
            f"edam.initial: starts from the classifier, a {parameters.network!r}, but {found}; "
            "set `network` of IRN's classifier to it too (and give it with --classifier), or start "
            "from `weights`"
        )
    network = EdamNetwork(num_classes, parameters)
    network.backbone.load_state_dict(classifier.backbone.state_dict())
    return network


def prepare_training(network: EdamNetwork, parameters: EdamParameters) -> None:
    """Choose what is trained, and what batch normalisation does; dropout works in either case."""
    network.train()
    network.backbone.train_stages(parameters.trained_from)
    network.backbone.set_statistics(parameters.batch_norm, train_affine=False)


def parameter_groups(network: EdamNetwork, parameters: EdamParameters) -> list[dict]:
    """Return the optimiser's groups: what starts from weights or attends, and the new layers."""
    new = [
        *network.mask_layer.parameters(),
        *network.project.parameters(),
        *(weight for head in network.attention for weight in head.classify.parameters()),
    ]
    known = set(map(id, new))
    others = [p for p in network.parameters() if p.requires_grad and id(p) not in known]
    return [
        {"params": others, "lr": parameters.learning_rate},
        {"params": new, "lr": parameters.head_learning_rate},
    ]


def rate_factor(step: int, steps: int, parameters: EdamParameters) -> float:
    """Return the learning rate of a step relative to its initial value."""
    if parameters.schedule == "one-cycle":
        return one_cycle_factor(step, steps)
    return warm_up_poly_factor(step, steps, parameters.warm_up, parameters.poly_power)


def train_edam(
    context: TrainingContext, parameters: EdamParameters, classifier: Classifier | None = None
) -> EdamNetwork:
    """Train the masks of all classes on image-level labels.

    Args:
        context: the images to train on; those without a class are in no pair. The seed is that of
            initial values, pairs, their order and their augmentation.
        parameters: the settings.
        classifier: where the training starts from it.

    Returns:
        The network in evaluation mode.

    Raises:
        BadInputError: no image has a class, or what the training starts from does not fit.
    """
    samples = PairSequence(context.dataset, context.image_ids, parameters, context.seed)
    batches = Batches(samples, parameters.batch_size, context.workers)
    with seeded(context.seed):
        network = initial_network(context.dataset.num_classes - 1, parameters, classifier).to(
            context.device
        )
        prepare_training(network, parameters)

        def loss(batch: list[Tensor], _: int) -> Tensor:
            images, classes, targets = batch
            return functional.binary_cross_entropy_with_logits(network(images, classes), targets)

        train(
            batches,
            loss,
            network,
            torch.optim.SGD(
                parameter_groups(network, parameters),
                momentum=parameters.momentum,
                weight_decay=parameters.weight_decay,
            ),
            lambda step: rate_factor(step, len(batches), parameters),
            device=context.device,
            name="EDAM",
            checkpoint=context.checkpoint,
        )
    return network.eval()
