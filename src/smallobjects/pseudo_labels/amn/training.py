"""Training of the activation manipulation network on seeds (AMN)."""

import numpy as np
from torch import Tensor
from torch.nn import functional

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.amn.network import AmnNetwork, adam, initial_network
from smallobjects.pseudo_labels.amn.parameters import AmnParameters
from smallobjects.pseudo_labels.cams.classifier import Classifier, multi_hot
from smallobjects.pseudo_labels.irn.seed_samples import SeedSample
from smallobjects.pseudo_labels.labels.archive import LabelArchives
from smallobjects.pseudo_labels.training.augmentation import VOID
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence


def balanced_smoothed_loss(logits: Tensor, seeds: Tensor, smoothing: float) -> Tensor:
    """Return the per-pixel classification loss: labels smoothed, background and objects balanced.

    ℓ(x) = −Σ_c t_c log softmax_c, with t = 1 − ε for the seed's class and ε / (C − 1) for each of
    the others; L = ½ (mean of ℓ where the seed is 0 + mean of ℓ where it is a class). A mean over
    no pixel is 0, where the authors' public code divides by zero.

    Args:
        logits: B×C×h×w; C counts the background.
        seeds: B×h×w uint8; pixels of 255 count nowhere.
        smoothing: ε.

    Returns:
        A scalar.
    """
    logs = functional.log_softmax(logits, dim=1)
    background, void = seeds == 0, seeds == VOID
    own = logs.gather(1, seeds.long().masked_fill(void, 0)[:, None])[:, 0]
    share = smoothing / (logits.shape[1] - 1)
    losses = -(1 - smoothing) * own - share * (logs.sum(dim=1) - own)

    def mean(chosen: Tensor) -> Tensor:
        return (losses * chosen).sum() / chosen.sum().clamp(min=1)

    return (mean(background) + mean(~background & ~void)) / 2


class AmnSample:
    """Makes the augmented image, the small seed and the image-level label of a training sample."""

    def __init__(
        self,
        dataset: PreparedDataset,
        seeds: LabelArchives,
        parameters: AmnParameters,
        stride: int,
    ) -> None:
        self._dataset = dataset
        self._sample = SeedSample(
            dataset,
            seeds,
            rescale=parameters.rescale,
            crop_size=parameters.crop_size,
            stride=stride,
        )

    def __call__(self, image_id: str, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Return 3×crop×crop float32, h×w uint8 at the network's stride, and C float32."""
        return *self._sample(image_id, generator), multi_hot(self._dataset, image_id)


def train_amn(
    context: TrainingContext,
    seeds: LabelArchives,
    classifier: Classifier,
    parameters: AmnParameters,
) -> AmnNetwork:
    """Train an activation manipulation network on seeds.

    Args:
        context: the images to train on; one without a class is background. The seed is that of
            initial values, dropout, order and augmentation.
        seeds: their seeds.
        classifier: whose backbone is the start if the parameters say so.
        parameters: the settings. Batch normalisation keeps its running statistics.

    Returns:
        The network in evaluation mode.

    Raises:
        BadInputError: the seeds or the classifier do not fit.
    """
    with seeded(context.seed):
        network = initial_network(parameters, context.dataset.num_classes - 1, classifier).to(
            context.device
        )
        samples = SampleSequence(
            context.image_ids,
            AmnSample(context.dataset, seeds, parameters, network.stride),
            batch_size=parameters.batch_size,
            epochs=parameters.epochs,
            seed=context.seed,
        )

        batches = Batches(samples, parameters.batch_size, context.workers)

        def loss(batch: list[Tensor], _: int) -> Tensor:
            images, labels, targets = batch
            logits = network(images, targets)
            return balanced_smoothed_loss(logits, labels, parameters.label_smoothing)

        train(
            batches,
            loss,
            network,
            adam(network, parameters),
            lambda step: 1.0,
            device=context.device,
            name="AMN",
            checkpoint=context.checkpoint,
        )
    return network.eval()
