"""Training of CDA's classifier: every batch holds images and their copies with a pasted object."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.cams.classifier import (
    Classifier,
    gradient_descent,
    initial_classifier,
    multi_hot,
    rate_factor,
)
from smallobjects.pseudo_labels.cda.cutting import ObjectCuts
from smallobjects.pseudo_labels.cda.parameters import PastedClassifierParameters
from smallobjects.pseudo_labels.cda.pasting import paste_at_random
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.training.augmentation import augment
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import train
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence


class PastedSample:
    """Makes an image and its copy with an object of an absent class, augmented independently."""

    def __init__(
        self, dataset: PreparedDataset, cuts: ObjectCuts, parameters: PastedClassifierParameters
    ) -> None:
        self._dataset = dataset
        self._cuts = cuts
        self._parameters = parameters

    def __call__(self, image_id: str, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Return image, target, copy, its target: 3×crop×crop float32 and C float32, twice.

        Where nothing can be pasted, the copy differs by its augmentation alone.
        """
        image, target = read_image(self._dataset, image_id), multi_hot(self._dataset, image_id)
        copy, copy_target = self._with_object(image, target, generator)
        return (
            augment(image, self._parameters, generator),
            target,
            augment(copy, self._parameters, generator),
            copy_target,
        )

    def _with_object(
        self, image: np.ndarray, target: np.ndarray, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        present = (np.flatnonzero(target) + 1).tolist()
        cut = self._cuts.choose(present, generator)
        if cut is None:
            return image, target
        pasted = paste_at_random(image, *self._cuts.read(cut), self._parameters, generator)
        if pasted is None:
            return image, target
        union = target.copy()
        union[cut.class_id - 1] = 1
        return pasted, union


def pasted_rate_factor(step: int, steps: int, parameters: PastedClassifierParameters) -> float:
    """Return the learning rate of a step relative to its initial value.

    The schedule ends after `schedule_share` of the steps; the rate then stays at its last value.
    """
    end = max(1, round(steps * parameters.schedule_share))
    return rate_factor(min(step, end - 1), end, parameters)


def train_pasted_classifier(
    context: TrainingContext, cuts: ObjectCuts, parameters: PastedClassifierParameters
) -> Classifier:
    """Train a classifier on images and on copies with pasted objects, in equal parts.

    Args:
        context: the images to train on; those without a class receive objects too. The seed is that
            of initial values, order, augmentation and pasting.
        cuts: the objects.
        parameters: the settings; an epoch is every image and one copy of it.

    Returns:
        The classifier in evaluation mode.
    """
    classifier = initial_classifier(
        context.dataset.num_classes - 1, parameters, seed=context.seed, device=context.device
    )
    pairs = parameters.batch_size // 2
    samples = SampleSequence(
        context.image_ids,
        PastedSample(context.dataset, cuts, parameters),
        batch_size=pairs,
        epochs=parameters.epochs,
        seed=context.seed,
    )
    batches = Batches(samples, pairs, context.workers)

    def loss(batch: list[Tensor], _: int) -> Tensor:
        images, targets, copies, copy_targets = batch
        logits = classifier(torch.cat([images, copies]))
        return functional.multilabel_soft_margin_loss(logits, torch.cat([targets, copy_targets]))

    train(
        batches,
        loss,
        classifier,
        gradient_descent(classifier, parameters),
        lambda step: pasted_rate_factor(step, len(batches), parameters),
        device=context.device,
        name="classifier on pasted objects",
        checkpoint=context.checkpoint,
    )
    return classifier.eval()
