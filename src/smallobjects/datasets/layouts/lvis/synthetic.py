"""Synthetic raw data in the layout of LVIS 1.0 with the images and instances of MS COCO 2017.

The classes of PASCAL VOC look as they do in the synthetic VOC data of the same classes, so that
models that were trained there can be evaluated here. As in the real data, potted plants are in
COCO alone, LVIS has categories that are no VOC class, and some annotations are missing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from smallobjects.datasets.class_tables import COCO_CATEGORIES, VOC_CLASSES
from smallobjects.datasets.layouts.coco.synthetic import annotate_scene, write_image
from smallobjects.datasets.layouts.lvis.classes import (
    FROM_COCO,
    LVIS_CLASSES,
    LVIS_NARROWER,
    VOC_TO_COCO,
)
from smallobjects.datasets.parameters import SyntheticParameters
from smallobjects.datasets.synthetic.appearance import (
    SHAPES,
    TEXTURES,
    ClassAppearance,
    class_appearances,
)
from smallobjects.datasets.synthetic.scenes import Scene, draw_scene

_PLANT = VOC_CLASSES.index(FROM_COCO) + 1
# Classes beyond those of VOC: name in LVIS, and in COCO.
_OTHERS = {len(VOC_CLASSES) + 1: ("lamp", "vase"), len(VOC_CLASSES) + 2: ("toy", "teddy bear")}
_STREAMS = {"train": 4, "val": 5}
_FIRST_ID = {"train": 9, "val": 42}
# (period, phase): which image numbers are special.
_EMPTY, _CROWD, _GREY, _OTHERS_ONLY = (20, 4), (9, 2), (20, 5), (15, 7)
_ONE_MISSING, _CLASS_MISSING, _NARROWER = (10, 6), (12, 8), (11, 5)


def _named(name: str) -> dict:
    """Return a category of LVIS by its name, or by its synset."""
    plain, _, number = name.rpartition(".n.")
    synset = name if number.isdecimal() else f"{name}.n.01"
    title = plain if number.isdecimal() else name
    return {"name": title, "synset": synset, "synonyms": [title], "def": title, "frequency": "f"}


_NAMES = [
    *chain.from_iterable(LVIS_CLASSES.values()),
    *chain.from_iterable(LVIS_NARROWER.values()),
    *(name for name, _ in _OTHERS.values()),
]
CATEGORIES = [{"id": number, **_named(name)} for number, name in enumerate(_NAMES, start=1)]
"""The categories of the LVIS files."""
_LVIS_IDS = {name: number for number, name in enumerate(_NAMES, start=1)}
_COCO_IDS = {name: number for number, name in COCO_CATEGORIES.items()}
LVIS_CATEGORY = {
    **{i: _LVIS_IDS[LVIS_CLASSES[n][0]] for i, n in enumerate(VOC_CLASSES, 1) if i != _PLANT},
    **{class_id: _LVIS_IDS[name] for class_id, (name, _) in _OTHERS.items()},
    _PLANT: 0,
}
"""The LVIS category of every class that is drawn; the potted plant has none."""
COCO_CATEGORY = {
    **{class_id: _COCO_IDS[VOC_TO_COCO[name]] for class_id, name in enumerate(VOC_CLASSES, 1)},
    **{class_id: _COCO_IDS[name] for class_id, (_, name) in _OTHERS.items()},
}
"""The COCO category of every class that is drawn."""


@dataclass(frozen=True)
class PlannedImage:
    """Which scene an image shows, and where it is."""

    split: str
    """Of LVIS: train or val."""
    index: int
    number: int
    folder: str
    """Of COCO. As in LVIS 1.0, images of val come from both."""

    def is_special(self, every: tuple[int, int]) -> bool:
        """Tell whether the image is one of those with this period and phase."""
        return self.index % every[0] == every[1]


@dataclass
class _Annotated:
    """The content of one annotation file."""

    images: list[dict] = field(default_factory=list)
    annotations: list[dict] = field(default_factory=list)

    def add(self, image: dict, entries: list[dict]) -> None:
        self.images.append(image)
        for entry in entries:
            number = 1 + len(self.annotations)
            self.annotations.append({**entry, "image_id": image["id"], "id": number})


def plan_images(parameters: SyntheticParameters) -> Iterator[PlannedImage]:
    """Yield every image; those of both splits are evaluated, and their ids rise in each split."""
    counts = {"train": parameters.train_images, "val": parameters.val_images}
    for split, count in counts.items():
        for index in range(count):
            folder = "val2017" if split == "val" and index % 2 == 0 else "train2017"
            yield PlannedImage(split, index, _FIRST_ID[split] + 8 * index, folder)


def draw_image(parameters: SyntheticParameters, planned: PlannedImage) -> Scene:
    """Draw the scene of an image, whatever was drawn before it: a few classes, some often."""
    rng = np.random.default_rng([parameters.seed, _STREAMS[planned.split], planned.index])
    looks = {**class_appearances(parameters.classes), **_other_appearances()}
    crowd = planned.is_special(_CROWD) and _PLANT in parameters.classes
    if planned.is_special(_OTHERS_ONLY):
        shown = list(_OTHERS)
    elif crowd:
        shown = [_PLANT]
    else:
        ids = [*parameters.classes, *_OTHERS]
        chances = 1 / (1 + np.arange(len(ids)))
        shown = rng.choice(ids, min(3, len(ids)), replace=False, p=chances / chances.sum()).tolist()
    return draw_scene(
        {class_id: looks[class_id] for class_id in shown},
        parameters.image_size,
        rng,
        empty=planned.is_special(_EMPTY),
        crowd=crowd,
    )


def _other_appearances() -> dict[int, ClassAppearance]:
    """Return looks that no class of VOC has: hues between those of any six, and other shapes."""
    return {
        class_id: ClassAppearance((2 * position + 1) / 12, SHAPES[-position], TEXTURES[-position])
        for position, class_id in enumerate(_OTHERS, start=1)
    }


def write_raw(parameters: SyntheticParameters, folder: Path) -> None:
    """Write the raw dataset into the existing empty folder."""
    for name in ("annotations", "train2017", "val2017"):
        (folder / name).mkdir()
    lvis = {split: _Annotated() for split in _STREAMS}
    coco = {name: _Annotated() for name in ("train2017", "val2017")}
    for planned in plan_images(parameters):
        scene = draw_image(parameters, planned)
        name = f"{planned.number:012d}.jpg"
        write_image(folder / planned.folder / name, scene, grey=planned.is_special(_GREY))
        height, width = scene.image.shape[:2]
        image = {"id": planned.number, "height": height, "width": width}
        coco[planned.folder].add({"file_name": name, **image}, annotate_scene(scene, COCO_CATEGORY))
        entries, not_exhaustive = annotate_lvis(scene, planned)
        present = {entry["category_id"] for entry in entries}
        lvis[planned.split].add(
            {
                "coco_url": f"http://images.cocodataset.org/{planned.folder}/{name}",
                "not_exhaustive_category_ids": not_exhaustive,
                "neg_category_ids": [c for c in _LVIS_IDS.values() if c not in present][::9],
                **image,
            },
            entries,
        )
    for split, content in lvis.items():
        _write(folder, f"lvis_v1_{split}.json", content, CATEGORIES)
    categories = [{"id": number, "name": name} for number, name in COCO_CATEGORIES.items()]
    for name, content in coco.items():
        _write(folder, f"instances_{name}.json", content, categories)


def annotate_lvis(scene: Scene, planned: PlannedImage) -> tuple[list[dict], list[int]]:
    """Return the LVIS annotations of a scene, and the categories with missing ones.

    Some images lack their smallest object, or all objects of its class, and in some it has a
    narrower category.
    """
    annotated = annotate_scene(scene, LVIS_CATEGORY)[: len(scene.objects)]
    entries = [
        {key: value for key, value in entry.items() if key != "iscrowd"}
        for entry in annotated
        if entry["category_id"]
    ]
    classes = [item.class_id for item in scene.objects if item.class_id != _PLANT]
    if len(entries) < 2:
        return entries, []
    last, category = classes[-1], entries[-1]["category_id"]
    if planned.is_special(_ONE_MISSING):
        return entries[:-1], [category]
    if planned.is_special(_CLASS_MISSING):
        return [entry for entry in entries if entry["category_id"] != category], []
    narrower = LVIS_NARROWER.get(VOC_CLASSES[last - 1]) if last <= len(VOC_CLASSES) else ()
    if planned.is_special(_NARROWER) and narrower:
        entries[-1]["category_id"] = _LVIS_IDS[narrower[0]]
    return entries, []


def _write(folder: Path, name: str, content: _Annotated, categories: list[dict]) -> None:
    description = "Synthetic scenes in the layout of LVIS 1.0 and COCO 2017"
    text = json.dumps(
        {
            "info": {"description": description, "year": 2020},
            "images": content.images,
            "annotations": content.annotations,
            "categories": categories,
        }
    )
    (folder / "annotations" / name).write_text(text)
