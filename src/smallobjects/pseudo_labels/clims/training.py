"""Training of class activation maps by what a scorer of images and texts makes of them (CLIMS)."""

import torch
from torch import Tensor

from smallobjects.pseudo_labels.cams.classifier import (
    Classifier,
    gradient_descent,
    rate_factor,
    training_samples,
)
from smallobjects.pseudo_labels.clims.losses import (
    background_loss,
    cosines,
    matching_loss,
    remainder_loss,
    views,
)
from smallobjects.pseudo_labels.clims.parameters import ClimsParameters, LanguageParameters
from smallobjects.pseudo_labels.clims.scoring import ImageTextScorer
from smallobjects.pseudo_labels.clims.texts import background_texts, class_texts
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import train
from smallobjects.pseudo_labels.training.sampling import Batches


def batch_loss(
    images: Tensor,
    maps: Tensor,
    targets: Tensor,
    scorer: ImageTextScorer,
    texts: tuple[Tensor, Tensor],
    parameters: ClimsParameters,
) -> Tensor:
    """Return α L_OTM + β L_BTM + γ L_CBS + δ L_REG of a batch.

    Args:
        images: B×3×H×W normalised.
        maps: B×C×h×w in [0, 1].
        targets: B×C, 1 where a class is present. Images without any count in L_REG alone.
        scorer: compares the views.
        texts: C×D embeddings of the classes' texts, T×D of the background's.
        parameters: the weights and the threshold of L_CBS.
    """
    area = parameters.area_weight * maps.mean()
    present = torch.nonzero(targets > 0)
    if len(present) == 0:
        return area
    objects, remainders = views(images, maps, present, scorer.image_size)
    embedded, remaining = (scorer.encode_images(view) for view in (objects, remainders))
    of_classes, of_background = texts
    own, pairs = present[:, 1], torch.arange(len(present), device=present.device)
    return (
        parameters.object_weight * matching_loss(cosines(embedded, of_classes)[pairs, own])
        + parameters.remainder_weight * remainder_loss(cosines(remaining, of_classes)[pairs, own])
        + parameters.background_weight
        * background_loss(
            cosines(embedded, of_background), parameters.background_threshold, len(images)
        )
        + area
    )


def train_clims(
    context: TrainingContext,
    classifier: Classifier,
    scorer: ImageTextScorer,
    parameters: ClimsParameters,
    language: LanguageParameters,
) -> Classifier:
    """Train a classifier on, so that the sigmoid of its maps shows whole objects and only these.

    Unless it is frozen, batch normalisation uses the statistics of the batch everywhere, in stages
    that are not trained too.

    Args:
        context: the images to train on. The seed is that of order and augmentation.
        classifier: trained on the image-level labels; it is changed.
        scorer: on `device`.
        parameters: the settings.
        language: gives the texts.

    Returns:
        The classifier in evaluation mode.
    """
    names = context.dataset.class_names[1:]
    with torch.no_grad():
        of_background = background_texts(language)
        of_classes = scorer.encode_texts(class_texts(names, language))
        texts = (
            of_classes,
            scorer.encode_texts(of_background) if of_background else of_classes[:0],
        )
    classifier.to(context.device).train()
    classifier.backbone.train_stages(parameters.trained_from)
    if parameters.batch_norm == "frozen":
        classifier.backbone.set_statistics("frozen")
    samples = training_samples(context.dataset, context.image_ids, parameters, context.seed)
    batches = Batches(samples, parameters.batch_size, context.workers)

    def loss(batch: list[Tensor], _: int) -> Tensor:
        images, targets = batch
        maps = torch.sigmoid(classifier.head(classifier.backbone(images)[-1]))
        return batch_loss(images, maps, targets, scorer, texts, parameters)

    train(
        batches,
        loss,
        classifier,
        gradient_descent(classifier, parameters),
        lambda step: rate_factor(step, len(batches), parameters),
        device=context.device,
        name="CLIMS",
        checkpoint=context.checkpoint,
    )
    return classifier.eval()
