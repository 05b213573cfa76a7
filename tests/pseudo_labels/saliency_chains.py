"""The chains of methods with saliency by their command line, for the tests of each."""

import json
import shutil

import numpy as np
import pandas as pd
from irn_chain import call
from PIL import Image

from smallobjects.datasets.prepared import PreparedDataset

LOAD = {"type": "LoadImageFromFile", "color_type": "color_ignore_orientation"}
MODEL = {
    "type": "MultiScaleSegmentor",
    "scales": [0.5],
    "data_preprocessor": {
        "type": "SegDataPreProcessor",
        "mean": [120.0, 120.0, 120.0],
        "std": [60.0, 60.0, 60.0],
        "bgr_to_rgb": True,
        "size": [32, 32],
        "pad_val": 0,
        "seg_pad_val": 255,
    },
    "backbone": {
        "type": "TinyBackbone",
        "channels": [8, 8],
        "strides": [2, 2],
        "dilations": [1, 1],
    },
    "decode_head": {
        "type": "DeepLabV2Head",
        "in_channels": 8,
        "dilations": [1, 2],
        "loss_decode": {"type": "SizeWeightedCrossEntropy"},
    },
    "test_cfg": {"mode": "whole"},
}
SEGMENTOR = {
    "model": MODEL,
    "train_pipeline": [
        LOAD,
        {"type": "LoadLabels"},
        {"type": "RandomCrop", "crop_size": [32, 32]},
        {"type": "PackSegInputs"},
    ],
    "optim_wrapper": {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.05}},
    "param_scheduler": [{"type": "PolyLR", "power": 0.9}],
    "schedule": {
        "iterations": 4,
        "shared_iterations": 4,
        "batch_size": 4,
        "checkpoint_interval": 1000,
        "log_interval": 100,
    },
    "precision": "fp32",
    "channels_last": False,
    "compile_backbone": False,
    "fisher_decay": 0.9,
}
ONCE = {"scales": [1.0], "flip": False}
PREDICTION = {"model": MODEL, "test_pipeline": [LOAD, {"type": "PackSegInputs"}]}


def copied(dataset, folder):
    """A copy of a prepared dataset that may be changed."""
    shutil.copytree(dataset.root, folder)
    return PreparedDataset.open(folder)


def without_truth(dataset, folder):
    """A copy whose class masks and boxes are noise; its image-level labels are true."""
    copy = copied(dataset, folder)
    generator = np.random.default_rng(1)
    for path in sorted((folder / "semantic").glob("*.png")):
        shape = np.asarray(Image.open(path)).shape
        noise = generator.integers(0, copy.num_classes, shape).astype(np.uint8)
        Image.fromarray(noise).save(path)
    boxes = pd.read_parquet(folder / "boxes.parquet")
    boxes[["x0", "y0", "x1", "y1"]] = [0, 0, 1, 1]
    boxes.to_parquet(folder / "boxes.parquet")
    return copy


def draw_saliency(dataset, folder):
    """Saliency maps that know where something is."""
    folder.mkdir(parents=True)
    for image_id in dataset.split("train"):
        semantic = dataset.read_semantic(image_id)
        noise = np.random.default_rng(len(image_id)).integers(0, 20, semantic.shape)
        salient = np.where(semantic > 0, 255 - noise, noise).astype(np.uint8)
        Image.fromarray(salient).save(folder / f"{image_id}.png")
    origin = {"origin": {}, "sha256": "0" * 64, "statistics": {}}
    (folder / "manifest.json").write_text(json.dumps(origin))
    return folder


class NsromChain:
    """The stages of NS-ROM on one dataset; files lie where the workflow puts them."""

    def __init__(self, dataset, saliency, out, stages):
        self.out, self.stages, self.saliency = out, stages, ("--saliency", saliency)
        self.split = ("--dataset", dataset.root, "--split", "train")
        self.training = (*self.split, "--device", "cpu", "--seed", 2)

    def stage(self, name):
        return "--parameters", json.dumps(self.stages[name])

    def gather(self, parts, folder, *options):
        call(
            "gather-labels", *self.split, "--score-split", "half", "--source", "nsrom",
            "--parts", parts, *options, "--parameters", json.dumps(self.stages), "--seed", 2,
            "--labels", folder / "labels", "--manifest", folder / "manifest.json",
        )  # fmt: skip
        return json.loads((folder / "manifest.json").read_text())

    def run(self, workers=0, processes=1):
        out, loading = self.out, ("--workers", workers)
        attention, activations, maps = (
            out / f"{name}.npz" for name in ("attention", "activations", "maps")
        )
        call(
            "train-nsrom-classifier", *self.training, *loading, *self.stage("attention_classifier"),
            "--attention", attention, "--output", activations,
        )  # fmt: skip
        call(
            "train-nsrom-integral", *self.training, *loading, *self.stage("integral"),
            "--attention", attention, "--output", maps,
        )  # fmt: skip
        call(
            "make-nsrom-labels", *self.split, "--maps", maps, "--activations", activations,
            *self.saliency, *self.stage("first_labels"), "--threads", processes,
            "--output", out / "first_labels.zip",
        )  # fmt: skip
        first = self.gather(out / "first_labels.zip", out / "first")
        prediction = {**PREDICTION, "inference": ONCE | {"crf": self.stages["crf"]}}
        call(
            "train-segmentor", *self.training, "--labels", out / "first" / "labels",
            "--arm", "shared", "--parameters", json.dumps(SEGMENTOR),
            "--work-dir", out / "work", "--output", out / "first_segmentor.pth",
        )  # fmt: skip
        call(
            "predict", *self.split, "--device", "cpu", "--checkpoint", out / "first_segmentor.pth",
            "--parameters", json.dumps(prediction), "--threads", processes,
            "--output", out / "first_predictions",
        )  # fmt: skip
        call(
            "mine-nsrom-labels", *self.split, "--first", out / "first" / "labels",
            "--predictions", out / "first_predictions", *self.saliency, *self.stage("mining"),
            "--threads", processes, "--output", out / "mined_labels.zip",
        )  # fmt: skip
        final = self.gather(out / "mined_labels.zip", out, "--attention", maps, *self.saliency)
        return first, final
