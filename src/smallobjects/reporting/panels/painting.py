"""Masks and activation maps as pictures."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from smallobjects.datasets.class_tables import voc_palette
from smallobjects.datasets.prepared import VOID

LONG_SIDE = 480
"""Pixels to which larger pictures are reduced; at the printed size more cannot be seen."""
VOID_SHADES = ((170, 170, 170), (235, 235, 235))
"""The greys of the stripes by which void is shown."""
VOID_OUTLINE = (255, 255, 255)
_STRIPE = 4
"""Width of a stripe, in pixels of the picture."""
_HEAT_SHARE = 0.65
"""Of the colour of an activation, over the image in grey."""


def mask_colours(palette: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """Return the RGB colours of the values 0..255 of a class mask; void has that of VOC."""
    colours = voc_palette(256)
    return [*palette, *colours[len(palette) :]]


def reduced(picture: np.ndarray, method: Image.Resampling) -> np.ndarray:
    """Return H×W or H×W×3 uint8 with no side longer than `LONG_SIDE`."""
    factor = LONG_SIDE / max(picture.shape[:2])
    if factor >= 1:
        return picture
    height, width = (max(1, round(factor * side)) for side in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), method))


def paint_mask(mask: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Paint a class mask in the colours of its dataset, void as grey stripes with a white outline.

    Args:
        mask: H×W uint8, 0..C-1 and 255 void.
        palette: RGB by class.

    Returns:
        h×w×3 uint8. A small mask is magnified by a whole factor, so that stripes are finer than its
        pixels; a large one is reduced to `LONG_SIDE`.
    """
    mask = reduced(mask, Image.Resampling.NEAREST)
    factor = max(1, LONG_SIDE // max(mask.shape))
    mask = mask.repeat(factor, axis=0).repeat(factor, axis=1)
    painted = np.array(mask_colours(palette), np.uint8)[mask]
    void = mask == VOID
    if void.any():
        y, x = np.nonzero(void)
        painted[y, x] = np.array(VOID_SHADES, np.uint8)[(x + y) // _STRIPE % 2]
        painted[void & _beside(~void)] = VOID_OUTLINE
    return painted


def paint_activation(image: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Lay class activation maps over an image: the highest of all classes, from dark to bright.

    Args:
        image: H×W×3 uint8.
        maps: K×h×w float in [0, 1]; K may be 0.

    Returns:
        h×w×3 uint8, at most `LONG_SIDE` long.
    """
    from matplotlib import colormaps

    picture = reduced(image, Image.Resampling.LANCZOS)
    height, width = picture.shape[:2]
    highest = maps.max(axis=0) if len(maps) else np.zeros((1, 1))
    levels = Image.fromarray((255 * highest.clip(0, 1)).astype(np.uint8))
    levels = np.asarray(levels.resize((width, height), Image.Resampling.BILINEAR))
    heat = 255 * colormaps["inferno"](levels)[..., :3]
    grey = np.asarray(Image.fromarray(picture).convert("L"))[..., None]
    return (_HEAT_SHARE * heat + (1 - _HEAT_SHARE) * grey).astype(np.uint8)


def _beside(mask: np.ndarray) -> np.ndarray:
    """Return where a pixel above, below, left or right is in an H×W bool mask."""
    framed = np.pad(mask, 1)
    return framed[:-2, 1:-1] | framed[2:, 1:-1] | framed[1:-1, :-2] | framed[1:-1, 2:]
