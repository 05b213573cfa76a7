"""Training of the classifier of parts of boxes and of background cells (BANA)."""

import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.bana.network import BoxClassifier
from smallobjects.pseudo_labels.bana.parameters import BoxClassifierParameters
from smallobjects.pseudo_labels.bana.samples import BoxedSample
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches, sample_steps
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor, step_factor

BIAS_RATE = 2
HEAD_RATE = 10


def optimiser(classifier: BoxClassifier, parameters: BoxClassifierParameters) -> torch.optim.SGD:
    """Return SGD in which biases learn twice as fast without decay, the head ten times as fast."""
    named = list(classifier.backbone.named_parameters())
    rate, decay = parameters.learning_rate, parameters.weight_decay
    biases = [value for name, value in named if name.endswith("bias")]
    weights = [value for name, value in named if not name.endswith("bias")]
    head = list(classifier.head.parameters())
    groups = [
        {"params": weights, "lr": rate, "weight_decay": decay},
        {"params": biases, "lr": BIAS_RATE * rate, "weight_decay": 0.0},
        {"params": head, "lr": HEAD_RATE * rate, "weight_decay": decay},
    ]
    return torch.optim.SGD(groups, momentum=parameters.momentum)


def train_box_classifier(
    context: TrainingContext, parameters: BoxClassifierParameters
) -> BoxClassifier:
    """Train the classifier on boxes and on the background around them.

    Args:
        context: the images to train on; those without a box are all background. The seed is that of
            initial values, dropout, order and augmentation.
        parameters: the settings.

    Returns:
        The classifier in evaluation mode.

    Raises:
        BadInputError: a box covers no pixel of its image.
    """
    size, steps = parameters.batch_size, parameters.steps
    samples = sample_steps(
        context.image_ids,
        BoxedSample(context.dataset, parameters),
        batch_size=size,
        steps=steps,
        seed=context.seed,
    )
    with seeded(context.seed):
        classifier = BoxClassifier(
            parameters.network, context.dataset.num_classes, parameters.weights
        )
        classifier.to(context.device).train()
        classifier.backbone.train_stages(parameters.trained_from)
        classifier.backbone.set_statistics(parameters.batch_norm)

        def loss(batch: list[Tensor], _: int) -> Tensor:
            logits, targets = classifier(
                *batch,
                cells=parameters.cells,
                bins=parameters.bins,
                least_background=parameters.least_background,
            )
            return functional.cross_entropy(logits, targets)

        def rate(step: int) -> float:
            if parameters.schedule == "one-cycle":
                return one_cycle_factor(step, steps)
            return step_factor(step, parameters.decay_at)

        train(
            Batches(samples, size, context.workers, most=steps, pad=True),
            loss,
            classifier,
            optimiser(classifier, parameters),
            rate,
            device=context.device,
            name="box classifier",
            checkpoint=context.checkpoint,
        )
    return classifier.eval()
