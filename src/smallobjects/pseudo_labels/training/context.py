"""What every training gets beside its settings."""

from dataclasses import dataclass

import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class TrainingContext:
    """The images, the seed, and where and how the training runs."""

    dataset: PreparedDataset
    image_ids: list[str]
    """Those of the dataset's images that are trained on."""
    seed: int
    """Of all that is drawn: initial values, order, augmentation."""
    device: torch.device
    workers: int = 0
    """Loader processes; they do not change the result."""
    checkpoint: Checkpoint | None = None
    """Where the training keeps what it goes on from, if it may be stopped."""
