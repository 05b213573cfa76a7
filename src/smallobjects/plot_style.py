"""How plots look, and how they are saved: readable in print, for any colour vision, bytes fixed."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, which people with any colour vision tell apart."""
SIZE_COLOURS = {"large": "#0072B2", "medium": "#56B4E9", "small": "#D55E00"}
"""Of objects by size; in grey they are three different greys."""
TEXT_WIDTH = 6.9
"""Inches: the text of a two-column page."""
FORMATS = (".pdf", ".png")
_DOTS_PER_INCH = {".pdf": 300, ".png": 200}


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
