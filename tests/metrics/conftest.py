"""Small folders of masks, and real ground truth with predictions made from it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as run_lengths


def save(path: Path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(mask)).save(path)


@pytest.fixture(scope="session")
def save_mask():
    return save


@pytest.fixture
def folders(tmp_path):
    """40 images of 30×40 with up to four rectangles; the predictions are shifted."""
    rng = np.random.default_rng(0)
    for number in range(40):
        semantic, instances = np.zeros((30, 40), np.uint8), np.zeros((30, 40), np.uint16)
        for k in rng.choice(np.r_[1:255, 256:900], rng.integers(0, 5), replace=False):
            y, x, h, w = rng.integers(0, 30), rng.integers(0, 40), *rng.integers(2, 20, 2)
            semantic[y : y + h, x : x + w] = rng.integers(1, 4)
            instances[y : y + h, x : x + w] = k
        semantic[:, 20], instances[:, 20] = 255, 255
        prediction = np.roll(np.where(semantic == 255, 0, semantic), (1, 2), (0, 1))
        save(tmp_path / "predictions" / f"im_{number:02}.png", prediction.astype(np.uint8))
        save(tmp_path / "semantic" / f"im_{number:02}.png", semantic)
        save(tmp_path / "instances" / f"im_{number:02}.png", instances)
    return tmp_path


def spoil(semantic, rng):
    """A prediction like a network's: displaced, with another class here and there, and specks."""
    height, width = semantic.shape
    prediction = np.where(semantic == 255, 0, semantic)
    prediction = np.roll(prediction, rng.integers(-4, 5, 2), (0, 1))
    classes = np.unique(prediction)
    for _ in range(3):
        y, x = rng.integers(0, height), rng.integers(0, width)
        prediction[y : y + height // 5, x : x + width // 5] = rng.choice(classes)
    specks = rng.random(semantic.shape) < 0.02
    prediction[specks] = rng.choice(classes, specks.sum())
    return prediction


@pytest.fixture(scope="session")
def voc_scenes(realdata):
    """(prediction, semantic, instances) of the 44 official VOC instance masks."""
    rng = np.random.default_rng(0)
    root = realdata / "VOCdevkit" / "VOC2012"
    scenes = []
    for path in sorted((root / "SegmentationObject").glob("*.png")):
        semantic = np.asarray(Image.open(root / "SegmentationClass" / path.name))
        scenes.append((spoil(semantic, rng), semantic, np.asarray(Image.open(path))))
    return scenes


@pytest.fixture(scope="session")
def coco_scenes(realdata):
    """(prediction, semantic, instances) of the 100 COCO images: larger first, crowd is void."""
    rng = np.random.default_rng(0)
    file = realdata / "coco" / "annotations" / "instances_train2017.json"
    content = json.loads(file.read_text())
    ids = sorted(category["id"] for category in content["categories"])
    scenes = []
    for image in content["images"]:
        own = [a for a in content["annotations"] if a["image_id"] == image["id"]]
        own.sort(key=lambda annotation: -annotation["area"])
        semantic = np.zeros((image["height"], image["width"]), np.uint8)
        instances = np.zeros(semantic.shape, np.uint16)
        for k, annotation in enumerate(own, start=1):
            mask = decoded(annotation["segmentation"], *semantic.shape)
            semantic[mask] = (
                255 if annotation["iscrowd"] else ids.index(annotation["category_id"]) + 1
            )
            instances[mask] = 255 if annotation["iscrowd"] or k == 255 else k
        scenes.append((spoil(semantic, rng), semantic, instances))
    return scenes


def decoded(segmentation, height, width):
    if isinstance(segmentation["counts"], list):
        segmentation = run_lengths.frPyObjects(segmentation, height, width)
    return run_lengths.decode(segmentation).astype(bool)
