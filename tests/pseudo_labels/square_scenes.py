"""Images of coloured squares, and the prepared datasets that tests make of them."""

import json

import numpy as np
import pandas as pd
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


def box(mask):
    """x0, y0, x1, y1 of a mask."""
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def write_dataset(root, images, num_classes=3):
    """Write a prepared dataset; `images`: id -> (RGB or grey image, semantic mask, classes)."""
    for folder in ("images", "semantic", "splits"):
        (root / folder).mkdir(parents=True)
    rows, boxes = [], []
    for image_id, (image, semantic, classes) in images.items():
        Image.fromarray(image).save(root / "images" / f"{image_id}.jpg", quality=95)
        Image.fromarray(semantic).save(root / "semantic" / f"{image_id}.png")
        rows += [(image_id, class_id) for class_id in classes]
        boxes += [(image_id, class_id, *box(semantic == class_id)) for class_id in classes]
    pd.DataFrame(rows, columns=["image", "class_id"]).to_parquet(root / "labels.parquet")
    columns = ["image", "class_id", "x0", "y0", "x1", "y1"]
    pd.DataFrame(boxes, columns=columns).to_parquet(root / "boxes.parquet")
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
