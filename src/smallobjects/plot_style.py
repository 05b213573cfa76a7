"""How plots look, and how they are saved: readable in print, for any colour vision, bytes fixed."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, which people with any colour vision tell apart."""
SIZE_COLOURS = {"large": "#0072B2", "medium": "#56B4E9", "small": "#D55E00"}
"""Of objects by size; in grey they are three different greys."""
BOX_COLOUR = "#FF0000"
"""Of the boxes around small objects, as in the paper's figures; drawn on white."""
LOSS_COLOURS = {"ce": "#000000", "sw": "#009E73", "sb": "#D55E00"}
LOSS_MARKERS = {"ce": "o", "sw": "s", "sb": "D"}
LOSS_TITLES = {"ce": "CE", "sw": "CE → $L_{sw}$", "sb": "CE → $L_{sb}$"}
SIZE_MARKERS = {"large": "s", "medium": "o", "small": "D"}
SUPERVISION_COLOURS = {
    "boxes": "#0072B2",
    "saliency": "#009E73",
    "language": "#CC79A7",
    "image": "#D55E00",
    "full": "#000000",
}
SUPERVISION_MARKERS = {"boxes": "s", "saliency": "^", "language": "v", "image": "o", "full": "D"}
TEXT_WIDTH = 6.9
"""Inches: the text of a two-column page."""
FORMATS = (".pdf", ".png")
_DOTS_PER_INCH = {".pdf": 300, ".png": 200}


def text_colour(ground: str) -> str:
    """Return black or white, whichever is read more easily on a ground `#RRGGBB`."""
    red, green, blue = (int(ground[k : k + 2], 16) for k in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else "black"


def trim(axes: "Axes") -> None:
    """Give axes a light grid, no frame above and right, and small ticks."""
    axes.set_axisbelow(True)
    axes.grid(color="0.9", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=6, length=2, pad=1.5)


def save_figure(figure: "Figure", path: Path, suffix: str) -> None:
    """Write a figure; the same figure gives the same bytes.

    Args:
        figure: to be written.
        path: of the file, under whatever name.
        suffix: one of `FORMATS`.
    """
    import matplotlib

    # No time of making inside; fonts as outlines that publishers accept (TrueType).
    metadata = {"CreationDate": None} if suffix == ".pdf" else None
    with matplotlib.rc_context({"pdf.fonttype": 42}):
        figure.savefig(path, format=suffix[1:], metadata=metadata, dpi=_DOTS_PER_INCH[suffix])
