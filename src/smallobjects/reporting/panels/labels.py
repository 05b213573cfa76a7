"""Panels of pseudo-labels: where a label source loses small objects, stage by stage."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import compress

import numpy as np
import pandas as pd

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.metrics.instances import instance_ious
from smallobjects.pseudo_labels.attention.store import enlarge, read_attention
from smallobjects.pseudo_labels.cams.store import CamStore
from smallobjects.pseudo_labels.labels.archive import LabelArchives
from smallobjects.pseudo_labels.labels.folder import read_label
from smallobjects.reporting.panels.page import Picture, PictureRow
from smallobjects.reporting.panels.painting import paint_activation
from smallobjects.reporting.panels.parameters import LabelSource
from smallobjects.reporting.panels.predictions import Panels

COLUMNS = ("labels", "image", "stage", "small_objects", "iou")
NOT_KEPT = "none"
"""Printed where a label source has no such stage."""
ATTENTION = ("maps.npz", "attention.npz")
"""The maps of a source without `cams/`: those of NS-ROM's integral model, and RCA's."""
SEEDS = ("seeds/*.zip", "y_crf/*.zip", "first_labels.zip")
"""The labels that are made before the final ones: seeds, BANA's Y_crf, NS-ROM's first labels."""


class LabelStages:
    """The stages of one label source, read image by image."""

    def __init__(self, source: LabelSource, cams: Sequence[CamStore], seeds: LabelArchives) -> None:
        self.source = source
        self._cams = {image_id: store for store in cams for image_id in store.image_ids}
        self._seeds = seeds

    def activation(self, image: np.ndarray, image_id: str) -> np.ndarray | None:
        """The class activation or attention maps over the image, or None without maps."""
        if image_id in self._cams:
            _, maps = self._cams[image_id].read(image_id, image.shape[:2])
            return paint_activation(image, maps)
        for path in (self.source.folder / name for name in ATTENTION):
            if path.exists():
                _, maps = read_attention(path, [image_id])[image_id]
                return paint_activation(image, enlarge(maps, *image.shape[:2], "bilinear"))
        return None

    def seed(self, image_id: str) -> np.ndarray | None:
        """The seed, H×W uint8, or None without seeds."""
        return self._seeds.read(image_id) if image_id in self._seeds.image_ids else None

    def label(self, image_id: str) -> np.ndarray:
        """The pseudo-label, H×W uint8."""
        return read_label(self.source.folder / "labels", image_id)


@contextmanager
def open_stages(source: LabelSource) -> Iterator[LabelStages]:
    """Open what there is of a label source: its labels, and its maps and seeds if it has any.

    Raises:
        BadInputError: a file of maps or seeds is damaged.
    """
    with ExitStack() as stack:
        cams = [
            stack.enter_context(CamStore(path))
            for path in sorted((source.folder / "cams").glob("*.npz"))
        ]
        found = (sorted(source.folder.glob(pattern)) for pattern in SEEDS)
        seeds = LabelArchives(next(filter(None, found), []))
        yield LabelStages(source, cams, stack.enter_context(seeds))


def label_rows(
    stages: LabelStages, dataset: PreparedDataset, image_ids: Sequence[str]
) -> tuple[pd.DataFrame, list[PictureRow]]:
    """Return a row of pictures for each image: image, map, seed, label, ground truth.

    Args:
        stages: of the label source.
        dataset: the dataset of the images.
        image_ids: the images, which must have instance masks.

    Returns:
        A table with the columns `COLUMNS` (stage is seed or label; iou is the mean of the image's
        small objects, 0..1), and the rows.
    """
    panels = Panels(dataset)
    entries, rows = [], []
    for image_id in image_ids:
        pictures, found = stage_pictures(stages, dataset, panels, image_id)
        entries += [(stages.source.labels, image_id, *each) for each in found]
        first, last = panels.image(image_id), panels.truth(image_id)
        row = (first, *pictures, last)
        if rows:
            row = tuple(Picture(each.pixels, "", each.note, each.boxes) for each in row)
        rows.append(PictureRow(panels.shape(image_id), row, image_id))
    return pd.DataFrame(entries, columns=list(COLUMNS)), without_empty_columns(rows)


def contact_label_rows(
    sources: Sequence[LabelSource], dataset: PreparedDataset, image_id: str
) -> list[PictureRow]:
    """Return the rows of a contact sheet: the stages of every label source on one image."""
    panels = Panels(dataset)
    shape = panels.shape(image_id)
    rows = []
    for source in sources:
        with open_stages(source) as stages:
            pictures, _ = stage_pictures(stages, dataset, panels, image_id)
        row = (panels.image(image_id), *pictures, panels.truth(image_id))
        if rows:
            row = tuple(Picture(each.pixels, "", each.note, each.boxes) for each in row)
        rows.append(PictureRow(shape, row, source.labels_title))
    return without_empty_columns(rows)


def without_empty_columns(rows: list[PictureRow]) -> list[PictureRow]:
    """Return the rows without stages that are in none of them: not every method has them."""
    columns = zip(*(row.pictures for row in rows), strict=True)
    kept = [any(picture.pixels is not None for picture in column) for column in columns]
    return [replace(row, pictures=tuple(compress(row.pictures, kept))) for row in rows]


def stage_pictures(
    stages: LabelStages, dataset: PreparedDataset, panels: Panels, image_id: str
) -> tuple[list[Picture], list[tuple[str, int, float]]]:
    """Return map, seed and label of an image, and how its small objects fare in seed and label.

    Returns:
        Three pictures, and for each of the stages seed and label that there is its name, the number
        of small objects and their mean IoU.
    """
    activation = stages.activation(dataset.read_image(image_id), image_id)
    boxes = panels.boxes(image_id) if activation is not None else ()
    note = "" if activation is not None else NOT_KEPT
    pictures, entries = [Picture(activation, "class activation", note, boxes)], []
    for name, title, mask in (
        ("seed", "seed", stages.seed(image_id)),
        ("label", "pseudo-label", stages.label(image_id)),
    ):
        if mask is None:
            pictures.append(Picture(None, title, NOT_KEPT))
            continue
        ious = small_ious(mask, dataset, image_id)
        mean = float(np.mean(list(ious.values()))) if ious else float("nan")
        entries.append((name, len(ious), mean))
        pictures.append(panels.mask(mask, image_id, title, ious, f"small: {mean:.2f}"))
    return pictures, entries


def small_ious(mask: np.ndarray, dataset: PreparedDataset, image_id: str) -> dict[int, float]:
    """Return the IoU of each small object, by instance id; 255 in the mask is no class."""
    rows = instance_ious(
        mask,
        dataset.read_semantic(image_id),
        dataset.read_instances(image_id),
        dataset.num_classes,
        size_limits=tuple(dataset.description["size_limits"]),
    )
    rows = rows[(rows["size"] == "small") & (rows["class_id"] > 0)]
    return dict(zip(rows["instance_id"].tolist(), rows["iou"].tolist(), strict=True))


def has_labels(source: LabelSource) -> bool:
    """Tell whether a label source is finished."""
    return (source.folder / "manifest.json").is_file()
