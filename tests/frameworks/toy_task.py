"""A small task for every training loop: squares of three sizes, in a fixed order of batches."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from smallobjects.losses import ElasticWeightConsolidation, size_balanced_loss
from smallobjects.metrics import InstanceIoU

CLASSES, SIDE, BATCH = 4, 48, 4
STEPS, SWITCH = 24, 12
RATE, TAU, STRENGTH = 0.05, 5.0, 20.0


class Scene(NamedTuple):
    """An image with its masks."""

    image: Tensor
    labels: Tensor
    instances: Tensor


def scene(seed: int) -> Scene:
    """Draw one square of each size, each in its class's colour, and a rim of void."""
    generator = np.random.default_rng(seed)
    image = generator.normal(0, 0.3, (3, SIDE, SIDE)).astype(np.float32)
    labels = np.zeros((SIDE, SIDE), np.int64)
    instances = np.zeros((SIDE, SIDE), np.int64)
    for number, (side, corner) in enumerate(((4, (2, 2)), (10, (2, 30)), (20, (24, 8))), start=1):
        top, left = (place + int(generator.integers(0, 4)) for place in corner)
        class_id = int(generator.integers(1, CLASSES))
        inside = (slice(top, top + side), slice(left, left + side))
        labels[inside], instances[inside] = class_id, number
        image[:, *inside] += np.eye(3, dtype=np.float32)[class_id - 1][:, None, None]
    labels[:, -1] = 255
    return Scene(*map(torch.from_numpy, (image, labels, instances)))


class Scenes(Dataset):
    """As many scenes as all steps need, so that every loop sees the same batches."""

    def __init__(self, count: int = STEPS * BATCH) -> None:
        self.scenes = [scene(seed) for seed in range(count)]

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Return what Transformers calls the two."""
        image, labels, _ = self.scenes[number]
        return {"pixel_values": image, "labels": labels}


def network(seed: int = 0) -> nn.Module:
    """Return a network whose scores have half the side of the image."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 16, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(16, CLASSES, 1),
    )  # fmt: skip


class Arm(NamedTuple):
    """What is trained after the switch: L_sw with a limit, and the strength of EWC."""

    tau: float
    strength: float


CROSS_ENTROPY = Arm(1.0, 0.0)
SIZE_WEIGHTED = Arm(TAU, 0.0)
SIZE_BALANCED = Arm(TAU, STRENGTH)
ARMS = {"ce": CROSS_ENTROPY, "sw": SIZE_WEIGHTED, "sb": SIZE_BALANCED}


def train_plainly(
    arm: Arm, model: nn.Module | None = None, logits=lambda outputs: outputs
) -> tuple[nn.Module, list[float]]:
    """Train in a loop of plain PyTorch: what every other loop is compared with."""
    model = (model or network()).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    ewc = ElasticWeightConsolidation(model.named_parameters(), arm.strength)
    losses = []
    for step, batch in enumerate(torch.utils.data.DataLoader(Scenes(), BATCH)):
        if step == SWITCH:
            ewc.switch()
        optimizer.zero_grad()
        scores = logits(model(batch["pixel_values"]))
        loss = size_balanced_loss(scores, batch["labels"], tau=arm.tau if ewc.switched else 1.0)
        loss.backward()
        ewc.after_backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return model, losses


def scores_of(model: nn.Module, logits=lambda outputs: outputs) -> dict[str, float]:
    """Return the scores on other scenes; a square of 4 is small, one of 10 medium."""
    metric = InstanceIoU(num_classes=CLASSES, size_limits=(50, 200))
    model.eval()
    with torch.no_grad():
        for seed in range(1000, 1020):
            image, labels, instances = scene(seed)
            scores = logits(model(image[None]))
            scores = nn.functional.interpolate(scores, (SIDE, SIDE), mode="bilinear")
            metric.update(scores.argmax(1)[0], labels, instances, str(seed))
    return metric.compute()
