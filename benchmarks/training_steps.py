"""Training steps of a configured segmentor on made-up batches, with the losses of each arm.

Used by `training.py` and `gpu.py`; not a benchmark by itself.
"""

import argparse
import copy
import logging
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import smallobjects.segmentation.modules  # noqa: F401
from smallobjects.segmentation.consolidation import EwcHook
from smallobjects.segmentation.logit_sizes import logit_sizes
from smallobjects.segmentation.network_settings import tuples, with_classes
from smallobjects.segmentation.precision import with_precision
from smallobjects.segmentation.size_weight_pipeline import AddSizeWeights, SizeWeightHook
from smallobjects.segmentation.size_weighted_loss import SizeWeightedCrossEntropy

SEGMENTORS = Path(__file__).resolve().parents[1] / "config" / "segmentors"
NUM_CLASSES = 21
ARMS = {
    "ce": "cross-entropy",
    "fisher": "cross-entropy, tracking Fisher information (the shared phase)",
    "sw": "L_sw",
    "sb": "L_sb",
}
NEVER = 10**9


def step_options(description: str, rounds: int) -> argparse.ArgumentParser:
    """Return the options of a benchmark of training steps."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--segmentor", default="deeplabv2")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--crop", type=int, default=321)
    parser.add_argument("--rounds", type=int, default=rounds)
    return parser


def published(name: str, crop: int) -> Config:
    """Return a segmentor of config/segmentors, from random values, trained on square crops."""
    config = Config.fromfile(SEGMENTORS / f"{name}.py")
    config.model.data_preprocessor.size = (crop, crop)
    config.model.backbone.init_cfg = None
    return config


def label_map(random: np.random.Generator, crop: int) -> torch.Tensor:
    """Return a crop×crop label map with a few rectangles of different sizes and a void frame."""
    labels = np.zeros((crop, crop), np.int64)
    for _ in range(random.integers(2, 8)):
        height, width = random.integers(crop // 40 + 1, crop // 2, 2)
        y, x = random.integers(0, crop, 2)
        labels[y : y + height, x : x + width] = random.integers(1, NUM_CLASSES)
    labels[:2] = 255
    return torch.from_numpy(labels)


def batch(size: int, crop: int, transform: AddSizeWeights, seed: int = 0) -> dict:
    """Return a batch as the data loader hands it over, size weights included."""
    random = np.random.default_rng(seed)
    images, samples, weights = [], [], []
    for _ in range(size):
        images.append(torch.from_numpy(random.integers(0, 256, (3, crop, crop), np.uint8)))
        sample = SegDataSample(gt_sem_seg=PixelData(data=label_map(random, crop)[None]))
        weights.append(transform({"data_samples": sample})["size_weights"])
        samples.append(sample)
    # As MMEngine's pseudo_collate: one tuple of all samples for each resolution.
    return {
        "inputs": images,
        "data_samples": samples,
        "size_weights": list(zip(*weights, strict=True)),
    }


class Trainer:
    """One arm's training: its own optimizer and hooks, on a network that arms may share."""

    def __init__(self, arm: str, network: torch.nn.Module, settings: dict) -> None:
        self.arm = arm
        self.network = network
        self.wrapper = build_optim_wrapper(network, settings)
        self.runner = SimpleNamespace(model=network, optim_wrapper=self.wrapper, iter=0)
        self.weights = SizeWeightHook(start=0 if arm in ("sw", "sb") else NEVER)
        self.weights.before_train(self.runner)
        if arm in ("fisher", "sb"):
            self.ewc = EwcHook(strength=1e-3, start=1 if arm == "sb" else NEVER)
            self.ewc.before_train(self.runner)

    def step(self, data: dict) -> float:
        """Train on a batch; return the loss as a tensor's value would be read for a log."""
        self.weights.before_train_iter(self.runner, self.runner.iter, data)
        outputs = self.network.train_step(copy.copy(data), self.wrapper)
        self.runner.iter += 1
        return outputs["loss"]

    def loss(self, ready: dict, data: dict) -> torch.Tensor:
        """Return the loss of a batch that is normalised and on the device, with its gradient."""
        self.weights.before_train_iter(self.runner, self.runner.iter, data)
        losses = self.network(**ready, mode="loss")
        return sum(value for name, value in losses.items() if "loss" in name)


def build(config: Config, device: str, channels_last: bool = False) -> torch.nn.Module:
    """Return the network of a segmentor, ready to train."""
    # It would list every parameter.
    MMLogger.get_current_instance().setLevel(logging.ERROR)
    logging.getLogger("mmengine").setLevel(logging.ERROR)
    init_default_scope("mmseg")
    model = with_classes(config.model.to_dict(), NUM_CLASSES)
    torch.manual_seed(0)
    network = MODELS.build(ConfigDict(model))
    network.init_weights()
    for part in network.modules():
        if isinstance(part, SizeWeightedCrossEntropy):
            part.tau = config.size_weights.tau
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return network.to(device, memory_format=layout).train()


def optimizer_settings(config: Config, precision: str, device: str) -> ConfigDict:
    """Return the optimizer of a segmentor, with a learning rate that leaves weights alone."""
    settings = tuples(config.optim_wrapper.to_dict())
    settings["optimizer"]["lr"] = 1e-8
    return ConfigDict(with_precision(settings, precision, torch.device(device)))


def size_weight_transform(config: Config, crop: int) -> AddSizeWeights:
    """Return the pipeline's transform for the resolutions of the segmentor's logits."""
    model = with_classes(config.model.to_dict(), NUM_CLASSES)
    sizes = logit_sizes(model, (crop, crop))
    return AddSizeWeights(config.size_weights.tau, sizes, (crop, crop))


def seconds(function: Callable[[], object]) -> float:
    """Return how long a call takes, until the device has finished it."""
    synchronise()
    start = time.perf_counter()
    function()
    synchronise()
    return time.perf_counter() - start


def synchronise() -> None:
    """Wait for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
