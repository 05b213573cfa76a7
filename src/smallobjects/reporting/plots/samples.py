"""Figure 3 of the supplement: sample images, their class masks, and their instances outlined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

from smallobjects.datasets.prepared import VOID, PreparedDataset
from smallobjects.datasets.regions import regions
from smallobjects.plot_style import SIZE_COLOURS, TEXT_WIDTH
from smallobjects.reporting.panels.painting import mask_colours, reduced
from smallobjects.reporting.tables.cells import DescribedDataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

SAMPLES_PER_ROW = 2
_WIDTHS = (1, 1, 1, 0.08, 1, 1, 1)
"""Of the panels of a row, with a gap between its two samples."""
_PANELS = (0, 1, 2, 4, 5, 6)
ROW_HEIGHT = 1.05
"""Inches, with the line of text."""
TITLE_HEIGHT = 0.22


@dataclass(frozen=True)
class Outline:
    """An instance to be outlined."""

    mask: np.ndarray
    """Bool, of its bounding box alone."""
    corner: tuple[int, int]
    """x0 and y0 of the bounding box."""
    size: str


def sample_figure(
    datasets: Sequence[DescribedDataset], samples: pd.DataFrame, note: str = ""
) -> "Figure":
    """Draw image, class mask and outlined image of each sample, two samples in a row.

    Class masks have the colours of the dataset, outlines those of the size. Below each sample stand
    its id and its classes.

    Args:
        datasets: where the images are.
        samples: what `tables.samples.choose_samples` chose.
        note: to be printed below the figure.

    Returns:
        A figure of the width of a page.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    groups = dict(list(samples.groupby("dataset", sort=False)))
    rows = [-(-len(groups[dataset.title]) // SAMPLES_PER_ROW) for dataset in datasets]
    heights = [TITLE_HEIGHT + ROW_HEIGHT * number for number in rows]
    figure = Figure((TEXT_WIDTH, sum(heights) + TITLE_HEIGHT), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.015, h_pad=0.02, wspace=0.01, hspace=0.02)
    parts = figure.subfigures(len(datasets), height_ratios=heights, squeeze=False)[:, 0]
    for part, dataset, number in zip(parts, datasets, rows, strict=True):
        part.suptitle(dataset.title, fontsize=8)
        _draw_dataset(part, dataset, groups[dataset.title]["image"].tolist(), number)
    handles = [Line2D([], [], color=colour, label=size) for size, colour in SIZE_COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower right", ncols=3, fontsize=6, frameon=False)
    if note:
        figure.text(0.01, 0.004, note, fontsize=6, color="0.3")
    return figure


def _draw_dataset(
    figure: "SubFigure", dataset: DescribedDataset, image_ids: list[str], rows: int
) -> None:
    prepared = PreparedDataset.open(dataset.path)
    sizes = prepared.instance_table.set_index(["image", "instance_id"])["size"]
    grid = figure.subplots(rows, len(_WIDTHS), squeeze=False, width_ratios=_WIDTHS)
    for axes in grid.flat:
        axes.set_axis_off()
    triples = grid[:, _PANELS].reshape(-1, 3)
    for image_id, (left, middle, right) in zip(image_ids, triples, strict=False):
        picture = reduced(prepared.read_image(image_id), Image.Resampling.LANCZOS)
        semantic = prepared.read_semantic(image_id)
        extent = (0, semantic.shape[1], semantic.shape[0], 0)
        left.imshow(picture, extent=extent)
        coloured = np.array(mask_colours(prepared.palette), np.uint8)[semantic]
        middle.imshow(reduced(coloured, Image.Resampling.NEAREST), extent=extent)
        right.imshow(picture, extent=extent)
        try:
            instances = prepared.read_instances(image_id)
            for outline in outlines(instances, sizes.loc[image_id].to_dict()):
                _draw_outline(right, outline)
        except KeyError as error:
            raise ValueError(
                f"{prepared.instances_path(image_id)}: instance {error} is not in "
                "instances.parquet; prepare the dataset again"
            ) from error
        # Lines around what touches the border must not make the panel larger.
        right.set(xlim=extent[:2], ylim=extent[2:])
        classes = [prepared.class_names[k] for k in np.unique(semantic) if k not in (0, VOID)]
        middle.set_title(_caption(image_id, classes), fontsize=4.5, y=-0.02, va="top", pad=0)


def outlines(instances: np.ndarray, sizes: dict[int, str]) -> Iterator[Outline]:
    """Yield what is to be outlined, smaller instances after larger ones.

    Args:
        instances: H×W uint8 or uint16; 0 background, 255 void.
        sizes: size of every instance.
    """
    found = regions(instances)
    for index in np.argsort(-found.areas, kind="stable"):
        instance_id = int(found.values[index])
        if instance_id not in (0, VOID):
            x0, y0, x1, y1 = found.boxes[index].tolist()
            mask = instances[y0:y1, x0:x1] == instance_id
            yield Outline(mask, (x0, y0), sizes[instance_id])


def _draw_outline(axes: "Axes", outline: Outline) -> None:
    """Draw a line around an instance, light below and coloured above, to be seen on any ground."""
    height, width = outline.mask.shape
    x0, y0 = outline.corner
    # Half a pixel outside, so that a line closes around what touches the border of the box.
    framed = np.pad(outline.mask, 1).astype(float)
    x, y = np.arange(-1, width + 1) + x0 + 0.5, np.arange(-1, height + 1) + y0 + 0.5
    for colour, thickness in (("white", 1.3), (SIZE_COLOURS[outline.size], 0.7)):
        axes.contour(x, y, framed, levels=[0.5], colors=[colour], linewidths=thickness)


def _caption(image_id: str, classes: list[str], longest: int = 90) -> str:
    """Return id and class names, cut where the line would be too long."""
    text = f"{image_id}: {', '.join(classes)}"
    return text if len(text) <= longest else f"{text[: longest - 1].rpartition(',')[0]}, …"
