"""The hooks in every loop of MMEngine: from the iteration that is named, and on no other.

A real Runner trains a convolution; what it should do is a loop in plain PyTorch.
"""

import itertools
import logging
from functools import cache

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from PIL import Image
from torch import nn

from smallobjects.losses import (
    ewc_penalty,
    normalise_fisher,
    size_weights,
    uniform_weights,
    weighted_cross_entropy,
)
from smallobjects.metrics.accumulator import InstanceIoU
from smallobjects.metrics.mmseg_metric import InstanceIoUMetric
from smallobjects.segmentation.consolidation import EwcHook
from smallobjects.segmentation.size_weight_pipeline import SizeWeightHook
from smallobjects.segmentation.size_weighted_loss import SizeWeightedCrossEntropy

BATCH, PER_EPOCH, EPOCHS = 2, 5, 3
ITERATIONS = PER_EPOCH * EPOCHS
TAU, STRENGTH, RATE = 5.0, 3.0, 0.05


class Scenes(torch.utils.data.Dataset):
    """Noise with a large and a small rectangle."""

    metainfo = {"classes": ("background", "one", "two")}

    def __len__(self):
        return BATCH * PER_EPOCH

    def __getitem__(self, number):
        random = torch.Generator().manual_seed(number)
        labels = torch.zeros(9, 11, dtype=torch.int64)
        labels[1:6, 1 : 4 + number % 4] = 1 + number % 2
        labels[7, 7 : 8 + number % 3] = 2 - number % 2
        labels[0] = 255
        image = torch.randn(3, 9, 11, generator=random) + labels.clamp(max=2)
        return {"image": image, "labels": labels, "size_weights": [size_weights(labels, TAU)]}


class Network(BaseModel):
    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        self.loss = SizeWeightedCrossEntropy(TAU)

    def forward(self, image, labels, size_weights=None, mode="loss"):
        scores, labels = self.convolution(torch.stack(list(image))), torch.stack(list(labels))
        if mode == "loss":
            return {"loss": self.loss(scores, labels)}
        return [
            {
                "pred_sem_seg": {"data": torch.roll(truth[None], 1, -1).clamp(max=2)},
                "gt_sem_seg": {"data": truth[None]},
                "img_path": f"images/{number}.jpg",
                "seg_map_path": f"semantic/{number}.png",
            }
            for number, truth in enumerate(labels)
        ]


class Notes(Hook):
    """Keeps what every iteration put out, and the weights after it."""

    priority = "LOWEST"

    def __init__(self):
        self.iterations = {}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        weights = torch.cat([each.detach().flatten() for each in runner.model.parameters()])
        self.iterations[runner.iter] = (
            float(outputs["loss"]),
            weights.clone(),
            runner.model.loss.active,
            "ewc_penalty" in outputs,
        )


def loader(batch=BATCH):
    return {
        "batch_size": batch,
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "dataset": Scenes(),
        "collate_fn": {"type": "pseudo_collate"},
    }


def train_cfg(loop, iterations):
    if loop == "epochs":
        return {"by_epoch": True, "max_epochs": iterations // PER_EPOCH}
    return {"by_epoch": False, "max_iters": iterations}


counter = itertools.count()


def trained(loop, folder, start, accumulate, iterations=ITERATIONS, resume=None, **more):
    notes = Notes()
    by_epoch = loop == "epochs"
    runner = Runner(
        model=Network(),
        work_dir=str(folder),
        train_dataloader=loader(),
        train_cfg=train_cfg(loop, iterations) | more.pop("train_cfg", {}),
        optim_wrapper={
            "optimizer": {"type": "SGD", "lr": RATE, "momentum": 0.9},
            "accumulative_counts": accumulate,
        },
        default_hooks={
            "checkpoint": {"type": "CheckpointHook", "by_epoch": by_epoch, "interval": 1}
        },
        custom_hooks=[
            SizeWeightHook(start=start),
            EwcHook(strength=STRENGTH, start=start, log_interval=3),
            notes,
        ],
        load_from=resume,
        resume=resume is not None,
        experiment_name=f"loops{next(counter)}",
        log_level=logging.ERROR,
        **more,
    )
    runner.train()
    return notes.iterations, runner


@cache
def expected(start, accumulate):
    """Losses and weights of a loop in plain PyTorch."""
    network, scenes = Network(), Scenes()
    named = dict(network.named_parameters())
    optimizer = torch.optim.SGD(named.values(), lr=RATE, momentum=0.9)
    fisher, anchors = {name: torch.ones_like(each) for name, each in named.items()}, {}
    found = []
    for i in range(ITERATIONS):
        first = BATCH * (i % PER_EPOCH)
        batch = [scenes[number] for number in range(first, first + BATCH)]
        image, labels = (torch.stack([each[key] for each in batch]) for key in ("image", "labels"))
        weights = size_weights(labels, TAU) if i >= start else uniform_weights(labels)
        loss = weighted_cross_entropy(network.convolution(image), labels, weights)
        (loss / accumulate).backward()
        if (i + 1) % accumulate == 0:
            if i < start:
                for name, each in named.items():
                    fisher[name] = 0.9 * each.grad**2 + 0.1 * fisher[name]
            else:
                if not anchors:
                    anchors = {name: each.detach().clone() for name, each in named.items()}
                    fisher = {name: normalise_fisher(each) for name, each in fisher.items()}
                ewc_penalty(named, anchors, fisher, STRENGTH).backward()
            optimizer.step()
            optimizer.zero_grad()
        now = torch.cat([each.detach().flatten() for each in named.values()])
        found.append((float(loss), now.clone(), i >= start, bool(anchors) and (i + 1) % 3 == 0))
    return found


def assert_as_expected(iterations, start, accumulate):
    for i, (loss, weights, active, penalty) in iterations.items():
        right = expected(start, accumulate)[i]
        assert (active, penalty) == right[2:], f"iteration {i}"
        assert loss == pytest.approx(right[0], rel=1e-4), f"iteration {i}"
        torch.testing.assert_close(weights, right[1], rtol=1e-4, atol=1e-5)


# Below the length of an epoch, at its end, beyond it, and in the last one.
STARTS = (2, 5, 7, 12)


@pytest.mark.parametrize("loop", ["epochs", "iterations"])
@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("start", STARTS)
def test_losses_switch_at_the_iteration_that_is_named(loop, accumulate, start, tmp_path):
    iterations, _ = trained(loop, tmp_path, start, accumulate)
    assert sorted(iterations) == list(range(ITERATIONS))
    assert_as_expected(iterations, start, accumulate)


def test_the_reference_tells_starts_apart():
    losses = [[each[0] for each in expected(start, 1)] for start in STARTS]
    for (one, start), (other, later) in itertools.pairwise(zip(losses, STARTS, strict=True)):
        assert one[:start] == other[:start]
        assert one[start:later] != other[start:later]


RESUMED = [("epochs", 1, 5, start) for start in (3, 5, 7)] + [
    ("iterations", accumulate, at, 6)
    for accumulate, at in ((1, 5), (1, 6), (1, 7), (3, 3), (3, 6), (3, 9))
]


@pytest.mark.parametrize(("loop", "accumulate", "at", "start"), RESUMED)
def test_resuming_before_at_and_after_the_switch_changes_nothing(
    loop, accumulate, at, start, tmp_path
):
    first, _ = trained(loop, tmp_path, start, accumulate, iterations=at)
    name = f"epoch_{at // PER_EPOCH}.pth" if loop == "epochs" else f"iter_{at}.pth"
    rest, _ = trained(loop, tmp_path, start, accumulate, resume=str(tmp_path / name))
    assert (sorted(first), sorted(rest)) == (list(range(at)), list(range(at, ITERATIONS)))
    assert_as_expected(first | rest, start, accumulate)


@pytest.mark.parametrize("loop", ["epochs", "iterations"])
def test_the_metric_is_that_of_each_validation_alone(loop, tmp_path):
    score, instances = InstanceIoU(3), tmp_path / "instances"
    instances.mkdir()
    scenes = Scenes()
    for number in range(len(scenes)):
        truth = scenes[number]["labels"].numpy()
        # Each class is one object here.
        Image.fromarray(truth.astype(np.uint8)).save(instances / f"{number}.png")
        score.update(np.roll(truth, 1, -1).clip(max=2), truth, truth, number)
    right = score.compute()
    metric = Evaluator(InstanceIoUMetric(instance_dir=str(instances)))
    _, runner = trained(
        loop,
        tmp_path / "work",
        start=3,
        accumulate=1,
        train_cfg={"val_interval": 1 if loop == "epochs" else PER_EPOCH},
        val_dataloader=loader(batch=BATCH * PER_EPOCH),
        val_cfg={},
        val_evaluator=metric,
    )
    history = runner.message_hub.log_scalars["val/instances/IA-mIoU"].data[0]
    assert len(history) == EPOCHS
    assert list(history) == pytest.approx([100 * right["ia_miou"]] * EPOCHS)
    assert 0 < right["ia_miou"] < 1
