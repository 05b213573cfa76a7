"""Training of a saliency network on images of a dataset that nothing else is made of.

It stands in for a public network, where there is none. The masks of a split, without their classes,
say where objects are; no image of that split may be trained on or evaluated, so that what is made
from its maps has seen no mask of the images it is made for.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.backbones.table import build_backbone
from smallobjects.datasets.prepared import VOID, PreparedDataset
from smallobjects.datasets.saliency_parameters import SaliencyMaskTraining, SaliencyNetwork
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.saliency.backbone_network import BackboneSaliencyNetwork
from smallobjects.pseudo_labels.training.augmentation import random_corner, random_flip, window
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches, sample_steps
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor

ROLES = ("train", "label_score", "evaluate")


def images_apart(dataset: PreparedDataset, split: str) -> list[str]:
    """Return the images of a split of which no other part of the experiment reads the masks.

    Raises:
        FileNotFoundError: there is no such split.
        BadInputError: it shares an image with the split that is trained on, on which labels are
            scored, or that is evaluated.
    """
    image_ids = dataset.split(split)
    for role in ROLES:
        other = dataset.description.get(role)
        shared = set(image_ids) & set(dataset.split(other)) if other else set()
        if shared:
            raise BadInputError(
                f"{dataset.root}/splits/{split}.txt: {len(shared)} of its {len(image_ids)} images, "
                f"such as {min(shared)}, are in {other!r} ({role}) too, and saliency must be "
                f"learnt on other images; give the split {split!r} `without: [{other}]`"
            )
    return image_ids


class MaskSample:
    """Makes a crop of an image, where its objects are, and which of its pixels count."""

    def __init__(self, dataset: PreparedDataset, network: SaliencyNetwork, crop_size: int) -> None:
        self._dataset = dataset
        self._mean = np.array(network.mean, dtype=np.float32)
        self._deviation = np.array(network.deviation, dtype=np.float32)
        self._size = crop_size

    def __call__(self, image_id: str, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Return 3×size×size and twice 1×size×size float32: normalised image, objects, weights.

        Objects are 1, background is 0. Void pixels and those outside the image weigh 0, others 1;
        the image is the mean colour there.
        """
        image = read_image(self._dataset, image_id).astype(np.float32) / 255
        semantic = self._dataset.read_semantic(image_id)
        normalised, semantic = random_flip(
            [(image - self._mean) / self._deviation, semantic], generator
        )
        corner = random_corner(*semantic.shape, self._size, generator)
        semantic = window(semantic, corner, self._size, VOID)[None]
        crop = window(normalised, corner, self._size, 0).transpose(2, 0, 1)
        counted = semantic != VOID
        objects = (semantic > 0) & counted
        return np.ascontiguousarray(crop), objects.astype(np.float32), counted.astype(np.float32)


def weighted_loss(logits: Tensor, objects: Tensor, weights: Tensor) -> Tensor:
    """Return the binary cross-entropy, a mean over the pixels that count; 0 where none does."""
    losses = functional.binary_cross_entropy_with_logits(logits, objects, reduction="none")
    return (losses * weights).sum() / weights.sum().clamp(min=1)


def train_saliency_on_masks(
    dataset: PreparedDataset,
    network: SaliencyNetwork,
    training: SaliencyMaskTraining,
    *,
    seed: int,
    device: torch.device,
    workers: int = 0,
    checkpoint: Checkpoint | None = None,
) -> BackboneSaliencyNetwork:
    """Train a network that tells objects from background.

    Args:
        dataset: has the split of `training`.
        network: how it will be given images.
        training: the split, the backbone and the schedule.
        seed: of initial values, order, crops and mirroring.
        device: where to compute.
        workers: loader processes; they do not change the result.
        checkpoint: where the training keeps what it goes on from, if it may be stopped.

    Returns:
        The network in evaluation mode.

    Raises:
        FileNotFoundError: there is no such split.
        BadInputError: its images are used elsewhere (see `images_apart`), or a file is unreadable.
    """
    image_ids = images_apart(dataset, training.split)
    with seeded(seed):
        backbone = build_backbone(training.network, training.weights)
        trained = BackboneSaliencyNetwork(backbone).to(device)
    trained.train()
    backbone.train_stages(training.trained_from)
    backbone.set_statistics(training.batch_norm)
    samples = sample_steps(
        image_ids,
        MaskSample(dataset, network, training.crop_size),
        batch_size=training.batch_size,
        steps=training.steps,
        seed=seed,
    )
    batches = Batches(samples, training.batch_size, workers, most=training.steps)

    def loss(batch: list[Tensor], _: int) -> Tensor:
        images, objects, weights = batch
        return weighted_loss(trained(images), objects, weights)

    train(
        batches,
        loss,
        trained,
        _optimizer(trained, training),
        lambda step: one_cycle_factor(step, len(batches)),
        device=device,
        name="saliency",
        checkpoint=checkpoint,
    )
    return trained.eval()


def _optimizer(
    network: BackboneSaliencyNetwork, training: SaliencyMaskTraining
) -> torch.optim.Optimizer:
    pretrained = [p for p in network.backbone.parameters() if p.requires_grad]
    fresh = [*network.projections.parameters(), *network.decoder.parameters()]
    groups = [
        {"params": fresh, "lr": training.learning_rate},
        {"params": pretrained, "lr": training.backbone_learning_rate},
    ]
    return torch.optim.Adam([group for group in groups if group["params"]])
