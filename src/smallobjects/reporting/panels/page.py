"""A page of panels: rows of pictures of the same image, with boxes around its small objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smallobjects.plot_style import BOX_COLOUR, TEXT_WIDTH, text_colour
from smallobjects.reporting.panels.box_text import TEXT_SIZE, Place, text_place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 0.05
"""Inches between pictures."""
HEAD_HEIGHT = 0.28
"""Inches, of the title of the page."""
LINE_HEIGHT = 0.13
"""Inches, of the text above or below a picture."""
SIDE_WIDTH = 0.2
"""Inches, of the text beside a row."""
TALLEST = 1.2
"""Height of a picture in its widths; a taller one is drawn narrower."""


@dataclass(frozen=True)
class Frame:
    """A box around an object, in pixels of the image; the ends are exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int
    text: str = ""


@dataclass(frozen=True)
class Picture:
    """One picture of a row."""

    pixels: np.ndarray | None
    """h×w×3 uint8, of any size: it is stretched over the image. None: there is no such picture."""
    title: str = ""
    """Printed above it."""
    note: str = ""
    """Printed below it, or in the place of a picture that is not there."""
    boxes: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class PictureRow:
    """Pictures of one image, side by side."""

    shape: tuple[int, int]
    """Height and width of the image in pixels."""
    pictures: tuple[Picture, ...]
    side: str = ""
    """Printed beside the row, from bottom to top."""


def page_figure(title: str, rows: Sequence[PictureRow], note: str = "") -> "Figure":
    """Draw rows of pictures.

    The page has one pair of axes, in inches from its upper left corner.

    Args:
        title: printed above the rows.
        rows: at least one; the pictures of a page are of one width.
        note: printed below the rows; it may have several lines.

    Returns:
        A figure of the width of a page.
    """
    from matplotlib.figure import Figure

    columns = max(len(row.pictures) for row in rows)
    left = SIDE_WIDTH if any(row.side for row in rows) else GAP
    width = (TEXT_WIDTH - left - columns * GAP) / columns
    heights = [width * min(row.shape[0] / row.shape[1], TALLEST) for row in rows]
    page_height = HEAD_HEIGHT + sum(_row_height(*pair) for pair in zip(rows, heights, strict=True))
    note_height = LINE_HEIGHT * (1 + note.count("\n"))
    page_height += note_height
    figure = Figure((TEXT_WIDTH, page_height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, TEXT_WIDTH), ylim=(page_height, 0), autoscale_on=False)
    axes.text(left, HEAD_HEIGHT / 2, title, fontsize=8, va="center", weight="bold")
    if note:
        place = (left, page_height - note_height / 2)
        axes.text(*place, note, fontsize=5.5, va="center", color="0.35")
    top = HEAD_HEIGHT
    for row, height in zip(rows, heights, strict=True):
        _draw_row(axes, row, (left, top, width, height))
        top += _row_height(row, height)
    # Drawing a picture or a box may move the limits.
    axes.set(xlim=(0, TEXT_WIDTH), ylim=(page_height, 0))
    return figure


def _row_height(row: PictureRow, height: float) -> float:
    lines = any(each.title for each in row.pictures) + any(each.note for each in row.pictures)
    return height + lines * LINE_HEIGHT + GAP


def _draw_row(axes: "Axes", row: PictureRow, place: Place) -> None:
    left, top, width, height = place
    if row.side:
        middle = top + _row_height(row, height) / 2
        style = {"rotation": 90, "ha": "center", "va": "center", "fontsize": 5.5}
        axes.text(SIDE_WIDTH / 2, middle, row.side, **style)
    if any(each.title for each in row.pictures):
        top += LINE_HEIGHT
    narrow = min(width, height * row.shape[1] / row.shape[0])
    for number, picture in enumerate(row.pictures):
        x = left + number * (width + GAP) + (width - narrow) / 2
        _draw_picture(axes, picture, row.shape, (x, top, narrow, height))


def _draw_picture(
    axes: "Axes",
    picture: Picture,
    shape: tuple[int, int],
    place: Place,
) -> None:
    x, y, width, height = place
    middle = {"x": x + width / 2, "ha": "center", "fontsize": 6}
    if picture.title:
        axes.text(y=y - LINE_HEIGHT / 2, s=picture.title, va="center", **middle)
    if picture.pixels is None:
        _draw_frame(axes, place, "0.85")
        axes.text(y=y + height / 2, s=picture.note, va="center", color="0.5", **middle)
        return
    if picture.note:
        axes.text(y=y + height + LINE_HEIGHT / 2, s=picture.note, va="center", **middle)
    # Uninterpolated in a PDF, so that it holds the pixels as they are.
    extent = (x, x + width, y + height, y)
    axes.imshow(picture.pixels, extent=extent, interpolation="none", aspect="auto")
    _draw_frame(axes, place, "0.6")
    scale = width / shape[1]
    for box in picture.boxes:
        _draw_box(axes, box, place, scale)
    taken = [_on_page(box, place, scale) for box in picture.boxes]
    for number, box in enumerate(picture.boxes):
        if box.text:
            others = taken[:number] + taken[number + 1 :]
            middle = text_place(taken[number], others, place)
            corner = [middle[k] - TEXT_SIZE[k] / 2 for k in (0, 1)]
            taken.append((*corner, *TEXT_SIZE))
            _draw_text(axes, box.text, middle)


def _draw_frame(axes: "Axes", place: Place, colour: str) -> None:
    """Draw a hairline around a picture, so that a dark or white one has an end."""
    from matplotlib.patches import Rectangle

    x, y, width, height = place
    axes.add_patch(Rectangle((x, y), width, height, fill=False, linewidth=0.3, edgecolor=colour))


def _draw_box(axes: "Axes", box: Frame, place: Place, scale: float) -> None:
    """Draw a red box on white, to be seen on any ground."""
    from matplotlib.patches import Rectangle

    x, y, width, height = _on_page(box, place, scale)
    for colour, thickness in (("white", 1.4), (BOX_COLOUR, 0.7)):
        style = {"fill": False, "edgecolor": colour, "linewidth": thickness}
        axes.add_patch(Rectangle((x, y), width, height, **style))


def _on_page(box: Frame, place: Place, scale: float) -> Place:
    """Return left, top, width and height of a box, in inches."""
    size = ((box.x1 - box.x0) * scale, (box.y1 - box.y0) * scale)
    return (place[0] + box.x0 * scale, place[1] + box.y0 * scale, *size)


def _draw_text(axes: "Axes", text: str, middle: tuple[float, float]) -> None:
    ground = {"facecolor": BOX_COLOUR, "linewidth": 0, "pad": 0.4, "alpha": 0.85}
    style = {"ha": "center", "va": "center", "fontsize": 4.5, "color": text_colour(BOX_COLOUR)}
    axes.text(*middle, text, bbox=ground, **style)
