"""Making an annotated image smaller: its pixels, its masks and its boxes, so that they agree."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from smallobjects.datasets.mask_files import read_rgb
from smallobjects.datasets.prepared import VOID
from smallobjects.datasets.raw import AnnotatedImage, Box


@dataclass(frozen=True)
class Grid:
    """Which rows and columns of a mask are kept: those nearest to the pixels of a smaller one."""

    rows: np.ndarray
    """One index for each row of the smaller mask, rising."""
    columns: np.ndarray
    """Likewise."""

    def sample(self, mask: np.ndarray) -> np.ndarray:
        """Return the smaller mask."""
        return np.ascontiguousarray(mask[np.ix_(self.rows, self.columns)])

    def box(self, box: Box) -> Box:
        """Return the box around the kept pixels of a box; of one without any, the nearest pixel.

        So an object that filled its box, or lay in it, still does.
        """
        x0, x1 = _between(self.columns, box.x0, box.x1)
        y0, y1 = _between(self.rows, box.y0, box.y1)
        return replace(box, x0=x0, y0=y0, x1=x1, y1=y1)


def _between(kept: np.ndarray, start: int, end: int) -> tuple[int, int]:
    first, last = np.searchsorted(kept, (start, end)).tolist()
    if first == last:
        # Of the kept neighbours on both sides, the one closer to the middle of start..end.
        first = int(np.abs(kept - (start + end - 1) / 2).argmin())
        last = first + 1
    return first, last


def grid_to(height: int, width: int, longest_side: int) -> Grid | None:
    """Return how a height×width mask becomes smaller; None if its longer side is short enough.

    The sides keep their ratio, as far as whole pixels and a side of at least one allow.
    """
    longer = max(height, width)
    if longer <= longest_side:
        return None
    return Grid(
        *(_nearest(side, max(1, round(side * longest_side / longer))) for side in (height, width))
    )


def _nearest(length: int, kept: int) -> np.ndarray:
    """Return, for each of `kept` pixels, the one of `length` in which its centre lies."""
    # In whole numbers, so that no rounding error moves a centre across a border.
    return (2 * np.arange(kept) + 1) * length // (2 * kept)


def shrink(image: AnnotatedImage, longest_side: int | None) -> AnnotatedImage:
    """Return an image whose longer side has at most `longest_side` pixels; None: as it is.

    The image itself is resized by Lanczos filtering, as its pixels are stored, whatever an EXIF
    mark says. Both masks keep the nearest pixels, the same ones, so that they go on to agree. An
    instance of which no pixel with a class is left becomes void and counts as hidden; boxes and
    image-level labels stay.

    Raises:
        DatasetError: the image is unreadable.
    """
    grid = None if longest_side is None else grid_to(*image.semantic.shape, longest_side)
    if grid is None:
        return image
    semantic = grid.sample(image.semantic)
    shape = semantic.shape
    smaller = replace(
        image,
        pixels=_resized(read_rgb(image.image_path), *shape),
        semantic=semantic,
        boxes=[grid.box(box) for box in image.boxes],
    )
    if image.instances is None:
        return smaller
    return _without_lost(replace(smaller, instances=grid.sample(image.instances)))


def _resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(resized)


def _without_lost(image: AnnotatedImage) -> AnnotatedImage:
    """Return the image without the instances that show no pixel of their class any more."""
    shown = set(np.unique(image.instances[image.semantic != VOID]).tolist())
    classes = {number: each for number, each in image.instance_classes.items() if number in shown}
    lost = image.instance_classes.keys() - classes.keys()
    # What is left of them is void in the class mask.
    instances = np.where(
        np.isin(image.instances, list(lost)), image.instances.dtype.type(VOID), image.instances
    )
    return replace(
        image,
        instances=instances,
        instance_classes=classes,
        hidden_instances=image.hidden_instances + len(lost),
    )
