"""A small saliency network and its training on synthetic scenes of its own.

It stands in for a public one, which has been trained on other images with the outlines of their
salient objects: its scenes are drawn with another seed and mostly other looks than any dataset's,
and no mask of a dataset is read.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from smallobjects.datasets.saliency_parameters import SaliencyNetwork, SaliencyTraining
from smallobjects.datasets.synthetic.appearance import class_appearances
from smallobjects.datasets.synthetic.scenes import draw_scene
from smallobjects.pseudo_labels.training.augmentation import random_flip
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint
from smallobjects.pseudo_labels.training.loop import seeded, train
from smallobjects.pseudo_labels.training.sampling import Batches, SampleSequence, steps_per_epoch
from smallobjects.pseudo_labels.training.schedules import one_cycle_factor
from smallobjects.publishing import publish_file

STREAM = 100
"""Part of the seed of a scene, which no synthetic dataset has."""
WIDTH = 16


def _block(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class SmallSaliencyNetwork(nn.Module):
    """Three convolutions down to stride 4: it finds objects and blurs their outlines."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _block(3, WIDTH, 2), _block(WIDTH, WIDTH, 2), _block(WIDTH, WIDTH, 1)
        )
        self.head = nn.Conv2d(WIDTH, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Map B×3×H×W normalised images to B×1×H×W logits of being an object."""
        logits = self.head(self.layers(images))
        return functional.interpolate(
            logits, images.shape[2:], mode="bilinear", align_corners=False
        )


class SceneSample:
    """Makes the normalised image of a scene and where its objects are."""

    def __init__(self, network: SaliencyNetwork, training: SaliencyTraining) -> None:
        self._mean = np.array(network.mean, dtype=np.float32)
        self._deviation = np.array(network.deviation, dtype=np.float32)
        self._training = training
        self._appearances = class_appearances(tuple(range(1, training.appearances + 1)))

    def __call__(self, number: str, generator: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Return 3×size×size and 1×size×size float32, of scene number `number`."""
        settings = self._training
        rng = np.random.default_rng([settings.seed, STREAM, int(number)])
        scene = draw_scene(self._appearances, settings.image_size, rng)
        image = (scene.image.astype(np.float32) / 255 - self._mean) / self._deviation
        objects = (scene.instances > 0).astype(np.float32)[..., None]
        flipped = random_flip([image, objects], generator)
        return tuple(np.ascontiguousarray(array.transpose(2, 0, 1)) for array in flipped)


def train_saliency(
    network: SaliencyNetwork,
    training: SaliencyTraining,
    *,
    seed: int,
    device: torch.device,
    workers: int = 0,
    checkpoint: Checkpoint | None = None,
) -> SmallSaliencyNetwork:
    """Train a network that tells objects from background.

    Args:
        network: how it will be given images.
        training: the scenes and the schedule.
        seed: of initial values and order; that of the scenes is `training.seed`.
        device: where to compute.
        workers: loader processes; they do not change the result.
        checkpoint: where the training keeps what it goes on from, if it may be stopped.

    Returns:
        The network in evaluation mode.
    """
    with seeded(seed):
        trained = SmallSaliencyNetwork().to(device)
    numbers = [str(number) for number in range(training.scenes)]
    per_epoch = steps_per_epoch(len(numbers), training.batch_size)
    samples = SampleSequence(
        numbers,
        SceneSample(network, training),
        batch_size=training.batch_size,
        epochs=-(-training.steps // per_epoch),
        seed=seed,
    )
    batches = Batches(samples, training.batch_size, workers)

    def loss(batch: list[Tensor], _: int) -> Tensor:
        images, objects = batch
        return functional.binary_cross_entropy_with_logits(trained(images), objects)

    train(
        batches,
        loss,
        trained,
        torch.optim.Adam(trained.parameters(), lr=training.learning_rate),
        lambda step: one_cycle_factor(step, len(batches)),
        device=device,
        name="saliency",
        checkpoint=checkpoint,
    )
    return trained.eval()


def save_saliency_network(path: Path, network: nn.Module) -> None:
    """Write a network as TorchScript, as public ones come."""
    with publish_file(path) as partial, partial.open("wb") as file:
        torch.jit.save(torch.jit.script(network.cpu()), file)
