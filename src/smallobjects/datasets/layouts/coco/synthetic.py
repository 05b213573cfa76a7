"""Synthetic raw data in the layout of MS COCO 2014."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from smallobjects.datasets.class_tables import COCO_CATEGORIES
from smallobjects.datasets.layouts.coco.outlines import has_holes, polygons, run_lengths
from smallobjects.datasets.parameters import SyntheticParameters
from smallobjects.datasets.synthetic.appearance import class_appearances
from smallobjects.datasets.synthetic.scenes import Scene, SceneObject, draw_scene

_CATEGORIES = dict(enumerate(COCO_CATEGORIES, start=1))
# (period, phase): which image numbers are special.
_EMPTY, _CROWD, _GREY = (20, 4), (8, 2), (20, 5)
_FIRST_ID = {"train2014": 9, "val2014": 42}


def plan_images(parameters: SyntheticParameters) -> dict[str, list[int]]:
    """Return the image numbers of `train2014` and `val2014`."""
    counts = {"train2014": parameters.train_images, "val2014": parameters.val_images}
    return {
        split: [_FIRST_ID[split] + 8 * index for index in range(count)]
        for split, count in counts.items()
    }


def draw_image(parameters: SyntheticParameters, split: str, index: int) -> Scene:
    """Draw scene number `index` of a split, whatever was drawn before it."""
    stream = {"train2014": 2, "val2014": 3}[split]
    return draw_scene(
        class_appearances(parameters.classes),
        parameters.image_size,
        np.random.default_rng([parameters.seed, stream, index]),
        empty=_is_special(index, _EMPTY),
        crowd=_is_special(index, _CROWD),
    )


def write_raw(parameters: SyntheticParameters, folder: Path) -> None:
    """Write the raw dataset into the existing empty folder."""
    (folder / "annotations").mkdir()
    for split, numbers in plan_images(parameters).items():
        (folder / split).mkdir()
        images, annotations = [], []
        for index, number in enumerate(numbers):
            scene = draw_image(parameters, split, index)
            name = f"COCO_{split}_{number:012d}.jpg"
            write_image(folder / split / name, scene, grey=_is_special(index, _GREY))
            height, width = scene.image.shape[:2]
            images.append({"file_name": name, "height": height, "width": width, "id": number})
            for entry in annotate_scene(scene):
                annotations.append({**entry, "image_id": number, "id": 1 + len(annotations)})
        content = {
            "info": {"description": "Synthetic scenes in the layout of COCO 2014", "year": 2014},
            "images": images,
            "annotations": annotations,
            "categories": [{"id": i, "name": name} for i, name in COCO_CATEGORIES.items()],
        }
        (folder / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))


def _is_special(index: int, every: tuple[int, int]) -> bool:
    return index % every[0] == every[1]


def write_image(path: Path, scene: Scene, grey: bool) -> None:
    """Write the image of a scene as a JPEG file, in grey or in colour."""
    image = Image.fromarray(scene.image)
    if grey:
        image.convert("L").save(path, quality=95)
    else:
        image.save(path, quality=95, subsampling=0)


def annotate_scene(scene: Scene, categories: Mapping[int, int] = _CATEGORIES) -> list[dict]:
    """Return the annotations of a scene, one per object, without ids; the crowd comes last.

    Args:
        scene: what is annotated.
        categories: category id of every class id that is drawn.
    """
    instances = scene.instances
    entries = []
    for instance_id, item in enumerate(scene.objects, start=1):
        mask = _annotated_mask(item, instances == instance_id, instance_id)
        entries.append(_entry(categories[item.class_id], mask, polygons(mask), 0))
    if scene.crowd is not None:
        mask = scene.crowd.mask
        entries.append(_entry(categories[scene.crowd.class_id], mask, run_lengths(mask), 1))
    return entries


def _annotated_mask(item: SceneObject, visible: np.ndarray, instance_id: int) -> np.ndarray:
    """Return what is outlined: the whole object, which overlaps others, or its visible parts.

    Both occur in COCO. An object that is cut into parts is outlined part by part.
    """
    if has_holes(visible):
        return item.mask
    return visible if instance_id % 2 or len(polygons(visible)) > 1 else item.mask


def _entry(category: int, mask: np.ndarray, segmentation: list | dict, iscrowd: int) -> dict:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
    return {
        "segmentation": segmentation,
        "area": float(mask.sum()),
        "iscrowd": iscrowd,
        "bbox": [float(x), float(y), float(width), float(height)],
        "category_id": category,
    }
