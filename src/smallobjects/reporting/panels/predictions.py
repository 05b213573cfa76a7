"""Panels of predictions (supplement, Figures 4 to 26), read from predictions and scores."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from smallobjects.config.panels import PanelImages
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.losses.arms import parse_arm
from smallobjects.metrics.masks import read_mask
from smallobjects.plot_style import LOSS_TITLES
from smallobjects.reporting.panels.choice import REASONS, choose_images, small_object_gains
from smallobjects.reporting.panels.page import Frame, Picture, PictureRow
from smallobjects.reporting.panels.painting import paint_mask, reduced
from smallobjects.reporting.panels.parameters import PanelArm, PanelModel
from smallobjects.reporting.tables.cells import GAIN_ARMS
from smallobjects.reporting.tables.score_tables import read_score_table

MOST_TEXTS = 10
"""Small objects of an image above which their IoU are not printed one by one."""
CONTACT_COLUMNS = 6
"""Pictures side by side on a contact sheet, if the losses of a model are not more."""


class Panels:
    """The pictures of one dataset."""

    def __init__(self, dataset: PreparedDataset) -> None:
        self._dataset = dataset
        table = dataset.instance_table
        self._small = table[table["size"] == "small"]

    def image(self, image_id: str) -> Picture:
        """The image with its small objects in boxes."""
        pixels = reduced(self._dataset.read_image(image_id), Image.Resampling.LANCZOS)
        return Picture(pixels, "image", boxes=self.boxes(image_id))

    def truth(self, image_id: str) -> Picture:
        """The ground truth."""
        pixels = paint_mask(self._dataset.read_semantic(image_id), self._dataset.palette)
        return Picture(pixels, "ground truth", boxes=self.boxes(image_id))

    def mask(
        self, mask: np.ndarray, image_id: str, title: str, ious: dict[int, float], note: str = ""
    ) -> Picture:
        """A prediction or label with the IoU of each small object."""
        boxes = self.boxes(image_id, ious)
        return Picture(paint_mask(mask, self._dataset.palette), title, note, boxes)

    def shape(self, image_id: str) -> tuple[int, int]:
        """Height and width of an image."""
        return self._dataset.shape(image_id)

    def boxes(self, image_id: str, ious: dict[int, float] | None = None) -> tuple[Frame, ...]:
        """The boxes around an image's small objects, with their IoU if there are not too many."""
        rows = self._small[self._small["image"] == image_id]
        shown = ious if ious is not None and len(rows) <= MOST_TEXTS else None
        return tuple(
            Frame(row.x0, row.y0, row.x1, row.y1, f"{shown[row.instance_id]:.2f}" if shown else "")
            for row in rows.itertuples()
        )


class ScoredModel:
    """The losses of one model with their scores, read once."""

    def __init__(self, model: PanelModel) -> None:
        """Read the scores.

        Raises:
            ValueError: the losses were scored on different images.
        """
        self.model = model
        self._rows = {arm.loss: read_score_table(arm.instances) for arm in model.arms}
        losses = [arm.loss for arm in model.arms]
        compared = next((loss for loss in GAIN_ARMS if loss in losses), losses[0])
        self._baseline = "ce" if "ce" in losses else losses[0]
        try:
            self.gains = small_object_gains(self._rows[self._baseline], self._rows[compared])
        except ValueError as error:
            raise ValueError(f"{model.arms[0].instances}: {error}") from error

    def row(self, panels: Panels, image_id: str, side: str, titles: bool) -> PictureRow:
        """Image, ground truth and the prediction of each loss."""
        first = [panels.image(image_id), panels.truth(image_id)]
        pictures = [*first, *self.predictions(panels, image_id)]
        if not titles:
            pictures = [Picture(each.pixels, "", each.note, each.boxes) for each in pictures]
        return PictureRow(panels.shape(image_id), tuple(pictures), side)

    def predictions(self, panels: Panels, image_id: str) -> list[Picture]:
        """The prediction of each loss, with the mean IoU of small objects below it."""
        return [self._prediction(panels, image_id, arm) for arm in self.model.arms]

    def _prediction(self, panels: Panels, image_id: str, arm: PanelArm) -> Picture:
        ious = self._small_ious(arm.loss, image_id)
        mean = np.mean(list(ious.values()))
        change = mean - np.mean(list(self._small_ious(self._baseline, image_id).values()))
        gain = "" if arm.loss == self._baseline else f" ({change:+.2f})".replace("-", "−")
        note = f"small: {mean:.2f}{gain}"
        mask = read_prediction(arm.predictions, image_id)
        return panels.mask(mask, image_id, LOSS_TITLES[parse_arm(arm.loss).kind], ious, note)

    def _small_ious(self, loss: str, image_id: str) -> dict[int, float]:
        rows = self._rows[loss]
        rows = rows[(rows["image"] == image_id) & (rows["size"] == "small")]
        return dict(zip(rows["instance_id"], rows["iou"], strict=True))


def model_rows(
    scored: ScoredModel, panels: Panels, counts: PanelImages, seed: int
) -> tuple[pd.DataFrame, list[PictureRow]]:
    """Return which images a page shows, and its rows.

    Args:
        scored: the model.
        panels: the pictures of its dataset.
        counts: how many images each rule chooses.
        seed: random seed.

    Returns:
        The table of `choose_images`, and a row for each of its images.
    """
    chosen = choose_images(scored.gains, counts, seed)
    rows = [
        scored.row(panels, image, f"{image}\n{reasons}", titles=number == 0)
        for number, (image, reasons) in enumerate(
            zip(chosen["image"], chosen["reasons"], strict=True)
        )
    ]
    return chosen, rows


def contact_rows(models: Sequence[ScoredModel], panels: Panels, image_id: str) -> list[PictureRow]:
    """Return the rows of a contact sheet: one image, and what every model makes of it."""
    pairs = [[panels.image(image_id), panels.truth(image_id)]]
    for scored in models:
        titled = scored.predictions(panels, image_id)
        name = scored.model.labels_title
        if sum(other.model.labels == scored.model.labels for other in models) > 1:
            name = scored.model.segmentor_title
        pairs.append([Picture(p.pixels, f"{name}: {p.title}", p.note, p.boxes) for p in titled])
    together = max(1, CONTACT_COLUMNS // max(map(len, pairs)))
    groups = [pairs[k : k + together] for k in range(0, len(pairs), together)]
    shape = panels.shape(image_id)
    return [PictureRow(shape, tuple(p for pair in group for p in pair)) for group in groups]


def read_prediction(folder: Path, image_id: str) -> np.ndarray:
    """Return the H×W uint8 prediction of an image.

    Raises:
        FileNotFoundError: the folder has none.
        ValueError: it is damaged, or no mask.
    """
    path = folder / f"{image_id}.png"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no prediction of this image; predict the split again")
    return read_mask(path, "prediction")


def page_title(model: PanelModel, dataset_title: str) -> str:
    """Return the title of a model's page."""
    return f"{model.title} on {dataset_title}"


def contact_title(dataset_title: str, image_id: str, rule: str) -> str:
    """Return the title of a contact sheet."""
    return f"All models on image {image_id} of {dataset_title} ({REASONS[rule]})"
