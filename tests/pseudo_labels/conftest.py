import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from smallobjects.datasets.prepared import FORMAT, PreparedDataset

COLOURS = {1: (220, 40, 40), 2: (40, 60, 220), 3: (230, 200, 40)}


def draw(height, width, classes, generator):
    """One coloured square per class on a grey, noisy ground; the outline of each is void."""
    image = generator.integers(90, 130, (height, width, 3)).astype(np.uint8)
    semantic = np.zeros((height, width), dtype=np.uint8)
    for place, class_id in enumerate(classes):
        side = max(4, min(height, width) // 3)
        top = int(generator.integers(0, height - side))
        room = width // max(1, len(classes))
        left = place * room + int(generator.integers(0, max(1, room - side)))
        semantic[top : top + side, left : left + side] = 255
        semantic[top + 1 : top + side - 1, left + 1 : left + side - 1] = class_id
        image[top : top + side, left : left + side] = COLOURS[(class_id - 1) % 3 + 1]
    return image, semantic


def write_dataset(root, images, num_classes=3):
    """Write a prepared dataset; `images`: id -> (RGB or grey image, semantic mask, classes)."""
    for folder in ("images", "semantic", "splits"):
        (root / folder).mkdir(parents=True)
    rows = []
    for image_id, (image, semantic, classes) in images.items():
        Image.fromarray(image).save(root / "images" / f"{image_id}.jpg", quality=95)
        Image.fromarray(semantic).save(root / "semantic" / f"{image_id}.png")
        rows += [(image_id, class_id) for class_id in classes]
    pd.DataFrame(rows, columns=["image", "class_id"]).to_parquet(root / "labels.parquet")
    ids = list(images)
    (root / "splits" / "train.txt").write_text("\n".join(ids) + "\n")
    (root / "splits" / "half.txt").write_text("\n".join(ids[::2]) + "\n")
    description = {
        "format": FORMAT,
        "name": "squares",
        "class_names": ["background", *(f"class {c}" for c in range(1, num_classes + 1))],
        "palette": [[0, 0, 0], *([c % 256, 99, 255 - c % 256] for c in range(num_classes))],
    }
    (root / "dataset.json").write_text(json.dumps(description))
    return PreparedDataset.open(root)


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """Twelve images: odd sizes, a wide one, a grey one, and one without any class."""
    generator = np.random.default_rng(5)
    images = {}
    for number in range(9):
        classes = ((1,), (2,), (1, 3))[number % 3]
        image, semantic = draw(40 + number, 46, classes, generator)
        images[f"2007_00000{number}"] = image, semantic, classes
    image, semantic = draw(24, 130, (2, 3), generator)
    images["wide"] = image, semantic, (2, 3)
    image, semantic = draw(41, 37, (3,), generator)
    images["grey"] = image[..., 0], semantic, (3,)
    image, semantic = draw(32, 32, (), generator)
    images["empty"] = image, semantic, ()
    return write_dataset(tmp_path_factory.mktemp("squares") / "data", images)


@pytest.fixture(scope="session")
def eighty(tmp_path_factory):
    """Seven images of a dataset with eighty classes: one wide, one grey, one without any class."""
    generator = np.random.default_rng(8)
    images = {}
    for number, class_id in enumerate((1, 40, 80, 41)):
        image, semantic = draw(36, 44, (class_id,), generator)
        images[f"{number:012d}"] = image, semantic, (class_id,)
    image, semantic = draw(24, 140, (1, 80), generator)
    images["wide"] = image, semantic, (1, 80)
    image, semantic = draw(33, 30, (79,), generator)
    images["grey"] = image[..., 0], semantic, (79,)
    image, semantic = draw(32, 32, (), generator)
    images["empty"] = image, semantic, ()
    return write_dataset(tmp_path_factory.mktemp("eighty") / "data", images, num_classes=80)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
