"""Pictures of predictions: image, ground truth and what each model made of it, side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

from smallobjects.datasets.prepared import VOID, PreparedDataset
from smallobjects.metrics.masks import read_mask
from smallobjects.plot_style import TEXT_WIDTH
from smallobjects.reporting.pictures import PicturedArm
from smallobjects.reporting.sample_plot import mask_colours, reduced

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BOX = "#E3000F"
"""Of small objects, below which lies a white line: seen on any ground, and in grey."""
LABELS = 6
"""IoU are written at so many objects of an image: those on which the models differ most."""
TITLE_HEIGHT = 0.35
"""Inches, as the others: of the title and the heads of the columns."""
CAPTION_HEIGHT = 0.13
NOTE_HEIGHT = 0.55


def picture_figure(
    dataset: PreparedDataset,
    arms: Sequence[PicturedArm],
    objects: pd.DataFrame,
    title: str,
    note: str = "",
) -> "Figure":
    """Draw the chosen images, one in a row: image, ground truth, and each model's prediction.

    Masks have the colours of the dataset. What is void in the ground truth is void in predictions
    too, where it is not scored. Small objects stand in red boxes, with their IoU.

    Args:
        dataset: of images and ground truth.
        arms: the models, from left to right.
        objects: as `smallobjects.reporting.pictures.pictured_objects` returns them.
        title: of the page.
        note: to be printed below, after the rule.

    Returns:
        A figure of the width of a page.

    Raises:
        ValueError: a prediction is missing, damaged, or not of the size of its image.
    """
    images = list(dict.fromkeys(objects["image"]))
    shapes = [dataset.read_semantic(image).shape for image in images]
    heads = ("Image", "Ground truth", *(arm.title for arm in arms))
    figure, grid = _page(title, heads, shapes)
    shown: set[int] = set()
    for row, image in zip(grid, images, strict=True):
        shown |= _draw_row(row, dataset, arms, objects[objects["image"] == image])
    _legend(figure, dataset, sorted(shown))
    rule = (
        f"Images by the mean gain in IoU of their small objects, {arms[-1].title} over "
        f"{arms[0].title}: the largest gains, the largest losses, and others drawn at random. "
        "Red: small objects, with their IoU in percent."
    )
    figure.text(0.01, 0.01, f"{rule}\n{note}".strip(), fontsize=5.5, color="0.3", va="bottom")
    return figure


def _page(
    title: str, heads: Sequence[str], shapes: Sequence[tuple[int, int]]
) -> tuple["Figure", np.ndarray]:
    """Return an empty page, and its axes: a row for each image, a column for each head."""
    from matplotlib.figure import Figure

    width = TEXT_WIDTH / len(heads)
    heights = [width * shape[0] / shape[1] + CAPTION_HEIGHT for shape in shapes]
    figure = Figure((TEXT_WIDTH, sum(heights) + TITLE_HEIGHT + NOTE_HEIGHT), layout="constrained")
    below = NOTE_HEIGHT / figure.get_figheight()
    figure.get_layout_engine().set(
        w_pad=0.01, h_pad=0.015, wspace=0.01, hspace=0.02, rect=(0, below, 1, 1 - below)
    )
    figure.suptitle(title, fontsize=8)
    grid = figure.subplots(len(shapes), len(heads), squeeze=False, height_ratios=heights)
    for axes, head in zip(grid[0], heads, strict=True):
        axes.set_title(head, fontsize=7, pad=3)
    return figure, grid


def _draw_row(
    row: Sequence["Axes"],
    dataset: PreparedDataset,
    arms: Sequence[PicturedArm],
    objects: pd.DataFrame,
) -> set[int]:
    """Draw one image, and return the classes that its masks show."""
    image = objects["image"].iloc[0]
    truth = dataset.read_semantic(image)
    masks = [truth, *(_prediction(arm, image, truth) for arm in arms)]
    extent = (0, truth.shape[1], truth.shape[0], 0)
    colours = np.array(mask_colours(dataset.palette), np.uint8)
    picture = reduced(dataset.read_image(image), Image.Resampling.LANCZOS)
    pictures = [picture, *(reduced(colours[m], Image.Resampling.NEAREST) for m in masks)]
    boxes = dataset.instance_table.set_index(["image", "instance_id"]).loc[image]
    labelled = _labelled(objects)
    for column, (axes, content) in enumerate(zip(row, pictures, strict=True)):
        axes.imshow(content, extent=extent)
        axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        for record in objects.to_dict("records"):
            box = boxes.loc[record["instance_id"], ["x0", "y0", "x1", "y1"]].tolist()
            iou = record[f"iou_{column - 2}"] if column >= 2 else None
            _draw_box(axes, box, iou if record["instance_id"] in labelled else None)
    gain = f"{100 * objects['gain'].iloc[0]:+.1f}".replace("-", "−")
    words = f"{image}: {objects['rule'].iloc[0]} ({gain} points)"
    row[0].set_xlabel(words, fontsize=5, loc="left", labelpad=1)
    return {int(value) for mask in masks for value in np.unique(mask)} - {0}


def _prediction(arm: PicturedArm, image: str, truth: np.ndarray) -> np.ndarray:
    path = arm.predictions / f"{image}.png"
    mask = read_mask(path, "prediction")
    if mask.shape != truth.shape:
        raise ValueError(
            f"{path}: {mask.shape[1]}×{mask.shape[0]} pixels, but the image has "
            f"{truth.shape[1]}×{truth.shape[0]}; predict it again"
        )
    return np.where(truth == VOID, VOID, mask)


def _labelled(objects: pd.DataFrame) -> set[int]:
    models = [name for name in objects if name.startswith("iou_")]
    difference = (objects[models[-1]] - objects[models[0]]).abs()
    order = difference.sort_values(ascending=False, kind="stable").index[:LABELS]
    return set(objects.loc[order, "instance_id"].tolist())


def _draw_box(axes: "Axes", box: list[int], iou: float | None) -> None:
    """Draw a box just outside an object, and its IoU in percent above it."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    x0, y0, x1, y1 = box
    frame = ((x0 - 1, y0 - 1), x1 - x0 + 2, y1 - y0 + 2)
    for colour, thickness in (("white", 1.4), (BOX, 0.7)):
        axes.add_patch(Rectangle(*frame, fill=False, edgecolor=colour, linewidth=thickness))
    if iou is None:
        return
    right = x0 > 0.85 * axes.get_xlim()[1]
    low = y0 < 0.08 * axes.get_ylim()[0]
    axes.text(
        x1 if right else x0, y1 + 2 if low else y0 - 2, f"{100 * iou:.0f}", color=BOX, fontsize=5,
        fontweight="bold", ha="right" if right else "left", va="top" if low else "bottom",
        path_effects=[withStroke(linewidth=1.2, foreground="white")],
    )  # fmt: skip


def _legend(figure: "Figure", dataset: PreparedDataset, classes: list[int]) -> None:
    from matplotlib.patches import Patch

    colours = mask_colours(dataset.palette)
    names = {k: "void" if k == VOID else dataset.class_names[k] for k in classes}
    handles = [
        Patch(facecolor=[part / 255 for part in colours[k]], edgecolor="0.4", linewidth=0.4,
              label=name)
        for k, name in names.items()
    ]  # fmt: skip
    if handles:
        figure.legend(
            handles=handles, loc="lower center", ncols=min(len(handles), 10), fontsize=5.5,
            frameon=False, bbox_to_anchor=(0.5, 0.24 / figure.get_figheight()), handlelength=1.2,
        )  # fmt: skip
