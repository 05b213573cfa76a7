"""A small prepared dataset and the parameters of a small network."""

import json

import numpy as np
from PIL import Image

from smallobjects.datasets.prepared import FORMAT
from smallobjects.segmentation.parameters import TrainingParameters

CLASSES = ["background", "red", "green", "blue"]
COLOURS = np.array([[40, 40, 40], [200, 60, 50], [50, 190, 60], [60, 70, 210]])
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
    },
    "backbone": {
        "type": "TinyBackbone",
        "channels": [8, 8],
        "strides": [2, 2],
        "dilations": [1, 1],
    },
    # Dropout, so that the state of torch's generator matters.
    "decode_head": {
        "type": "DeepLabV2Head",
        "in_channels": 8,
        "dilations": [1, 2],
        "dropout_ratio": 0.2,
        "loss_decode": {"type": "SizeWeightedCrossEntropy"},
    },
    "test_cfg": {"mode": "whole"},
}
TRAINING = {
    "model": MODEL,
    "train_pipeline": [
        LOAD,
        {"type": "LoadLabels"},
        {
            "type": "RandomChoice",
            "transforms": [[{"type": "Resize", "scale_factor": s}] for s in (0.5, 1.0)],
        },
        {"type": "RandomCrop", "crop_size": [32, 32]},
        {"type": "RandomFlip", "prob": 0.5},
        {"type": "PackSegInputs"},
    ],
    "optim_wrapper": {
        "type": "OptimWrapper",
        "optimizer": {"type": "SGD", "lr": 0.05, "momentum": 0.9, "weight_decay": 0.0005},
        "paramwise_cfg": {"custom_keys": {"decode_head": {"lr_mult": 2}}},
    },
    "param_scheduler": [{"type": "PolyLR", "power": 0.9, "end": 21}],
    "schedule": {
        "iterations": 8,
        "shared_iterations": 5,
        "batch_size": 3,
        "checkpoint_interval": 2,
        "log_interval": 3,
    },
    "precision": "fp32",
    "channels_last": False,
    "compile_backbone": False,
    "fisher_decay": 0.9,
}

ONCE = {"scales": [1.0], "flip": False}
PREDICTION = {
    "model": MODEL,
    "test_pipeline": [LOAD, {"type": "PackSegInputs"}],
    "inference": ONCE,
}


def training_parameters(schedule=None, **changes):
    """The parameters above with changes, as they come from the command line."""
    changed = TRAINING | changes
    changed["schedule"] = changed["schedule"] | (schedule or {})
    return TrainingParameters.model_validate_json(json.dumps(changed))


def arm_parameters(arm, strength=20.0, **changes):
    """The parameters of an arm."""
    own = {"ce": {}, "sw": {"tau": 5.0}, "sb": {"tau": 5.0, "ewc_strength": strength}}[arm]
    return training_parameters(**own, **changes)


def scene(number):
    """An image of odd size with one large and one small rectangle, and its class map."""
    random = np.random.default_rng(number)
    height, width = 40 + 3 * number, 61 - 2 * number
    labels = np.zeros((height, width), np.uint8)
    labels[3:22, 4 : 20 + number] = 1 + number % 3
    labels[30:34, 30:36] = 1 + (number + 1) % 3
    noise = random.normal(scale=15, size=(height, width, 3))
    image = np.clip(COLOURS[labels] + noise, 0, 255).astype(np.uint8)
    labels[29, 30:36] = 255
    return image, labels


def write_prepared(root, names=CLASSES):
    """A prepared dataset as far as this room reads it."""
    for folder in ("images", "semantic", "splits"):
        (root / folder).mkdir(parents=True)
    ids = [f"2007_{number:06}" for number in range(7)]
    for number, image_id in enumerate(ids):
        image, labels = scene(number)
        Image.fromarray(image).save(root / "images" / f"{image_id}.jpg")
        Image.fromarray(labels).save(root / "semantic" / f"{image_id}.png")
    (root / "splits" / "train.txt").write_text("\n".join(ids[:5]) + "\n")
    (root / "splits" / "val.txt").write_text("\n".join(ids[5:]) + "\n")
    palette = COLOURS[: len(names)].tolist()
    description = {"format": FORMAT, "name": "toy", "class_names": names, "palette": palette}
    (root / "dataset.json").write_text(json.dumps(description))
    return root
