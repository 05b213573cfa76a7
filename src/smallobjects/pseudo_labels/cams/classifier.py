"""The image classifier whose weights give class activation maps, and its training.

IRN: global average pooling, then a 1×1 convolution without bias; multilabel soft margin loss; SGD.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from smallobjects.backbones.table import build_backbone
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.parameters import ClassifierParameters, ClassifierTraining
from smallobjects.pseudo_labels.training.augmentation import CropParameters, augment
from smallobjects.pseudo_labels.training.context import TrainingContext
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.network_file import (
    load_network_of_classes,
    rebuilding,
    save_network,
)
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor, poly_factor


class Classifier(nn.Module):
    """A backbone and a linear classifier of its averaged last features."""

    def __init__(self, network: str, num_classes: int, weights: Path | None = None) -> None:
        """Build the classifier.

        Args:
            network: name of the backbone.
            num_classes: C, without the background.
            weights: pretrained weights of the backbone, if any.
        """
        super().__init__()
        self.network = network
        self.num_classes = num_classes
        self.backbone = build_backbone(network, weights)
        self.head = nn.Conv2d(self.backbone.shapes[-1].channels, num_classes, 1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×C logits."""
        pooled = self.backbone(images)[-1].mean(dim=(2, 3), keepdim=True)
        return self.head(pooled).flatten(1)

    def activation_maps(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×C×h×w maps ReLU(w_c · f(x)), at the last stride."""
        return functional.relu(self.head(self.backbone(images)[-1]))


def multi_hot(dataset: PreparedDataset, image_id: str) -> np.ndarray:
    """Return the image-level label as C float32; index c − 1 belongs to class c."""
    target = np.zeros(dataset.num_classes - 1, dtype=np.float32)
    target[[class_id - 1 for class_id in dataset.image_classes.get(image_id, ())]] = 1
    return target


class ClassificationSample:
    """Makes the augmented image and target of one training sample."""

    def __init__(self, dataset: PreparedDataset, parameters: CropParameters) -> None:
        self._dataset = dataset
        self._parameters = parameters

    def __call__(
        self, image_id: str, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return 3×crop×crop float32 and C float32."""
        image = read_image(self._dataset, image_id)
        crop = augment(image, self._parameters, generator)
        return crop, multi_hot(self._dataset, image_id)


def initial_classifier(
    num_classes: int, parameters: ClassifierParameters, *, seed: int, device: torch.device
) -> Classifier:
    """Return a classifier as its training starts: `num_classes` counts no background."""
    with seeded(seed):
        classifier = Classifier(parameters.network, num_classes, parameters.weights).to(device)
    classifier.backbone.train_stages(parameters.trained_from)
    classifier.backbone.set_statistics(parameters.batch_norm)
    return classifier


def parameter_groups(classifier: Classifier, parameters: ClassifierTraining) -> list[dict]:
    """Return the optimiser's groups: the trained stages, and the head with its own rate."""
    trained = [p for p in classifier.backbone.parameters() if p.requires_grad]
    return [
        {"params": trained, "lr": parameters.learning_rate},
        {"params": list(classifier.head.parameters()), "lr": parameters.head_learning_rate},
    ]


def gradient_descent(classifier: Classifier, parameters: ClassifierTraining) -> torch.optim.SGD:
    """Return the optimiser of what is trained of a classifier."""
    return torch.optim.SGD(
        parameter_groups(classifier, parameters),
        momentum=parameters.momentum,
        weight_decay=parameters.weight_decay,
    )


def rate_factor(step: int, steps: int, parameters: ClassifierTraining) -> float:
    """Return the learning rate of a step relative to its initial value."""
    if parameters.schedule == "one-cycle":
        return one_cycle_factor(step, steps)
    return poly_factor(step, steps, parameters.poly_power)


def training_samples(
    dataset: PreparedDataset, image_ids: list[str], parameters: ClassifierTraining, seed: int
) -> SampleSequence:
    """Return the augmented images and image-level labels of a whole training, in their order."""
    return SampleSequence(
        image_ids,
        ClassificationSample(dataset, parameters),
        batch_size=parameters.batch_size,
        epochs=parameters.epochs,
        seed=seed,
    )


def train_classifier(context: TrainingContext, parameters: ClassifierParameters) -> Classifier:
    """Train a classifier on image-level labels.

    Args:
        context: the images to train on; those without a class are negatives for all classes. The
            seed is that of initial values, order and augmentation.
        parameters: the settings.

    Returns:
        The classifier in evaluation mode.
    """
    classifier = initial_classifier(
        context.dataset.num_classes - 1, parameters, seed=context.seed, device=context.device
    )
    samples = training_samples(context.dataset, context.image_ids, parameters, context.seed)
    batches = Batches(samples, parameters.batch_size, context.workers)

    def loss(batch: list[Tensor], _: int) -> Tensor:
        images, targets = batch
        return functional.multilabel_soft_margin_loss(classifier(images), targets)

    train(
        batches,
        loss,
        classifier,
        gradient_descent(classifier, parameters),
        lambda step: rate_factor(step, len(batches), parameters),
        device=context.device,
        name="classifier",
        checkpoint=context.checkpoint,
    )
    return classifier.eval()


def save_classifier(path: Path, classifier: Classifier) -> None:
    """Write a classifier together with its network's name and number of classes."""
    description = {"network": classifier.network, "num_classes": classifier.num_classes}
    save_network(path, "classifier", description, classifier)


def load_classifier(path: Path, num_classes: int) -> Classifier:
    """Read a classifier of `num_classes` classes (without the background), in evaluation mode.

    Raises:
        BadInputError: the file holds something else, or other classes.
    """
    description, state = load_network_of_classes(path, "classifier", num_classes, "a classifier")
    with rebuilding(path, "classifier"):
        classifier = Classifier(description["network"], description["num_classes"])
        classifier.load_state_dict(state)
    return classifier.eval()
