"""Background-aware pooling: the mean of a box's features, weighted against the background.

Oh et al., section 3.1: the background outside all boxes is averaged in the cells of a grid; what
lies in a box counts the less, the more it resembles these averages.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

TINY = 1e-12


def grid_padding(length: int, cells: int) -> tuple[int, int]:
    """Return how far a side is extended, before and after, to be divided into equal cells."""
    rest = -length % cells
    return (rest // 2, rest // 2) if rest % 2 == 0 else (0, rest)


def background_queries(features: Tensor, background: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Return the mean background feature of every cell.

    Args:
        features: B×D×h×w.
        background: B×H×W float, 1 outside every box; brought to h×w by nearest neighbour.
        cells: G, in each direction.

    Returns:
        B×G²×D, and B×G² bool: the cells that have background. Those of the others are 0.
    """
    size = features.shape[-2:]
    mask = functional.interpolate(background[:, None], size, mode="nearest")
    padding = [*grid_padding(size[1], cells), *grid_padding(size[0], cells)]
    mask, sums = (functional.pad(values, padding) for values in (mask, mask * features))
    cell = (mask.shape[-2] // cells, mask.shape[-1] // cells)
    shares = functional.avg_pool2d(mask, cell)
    queries = functional.avg_pool2d(sums, cell) / shares.clamp(min=TINY)
    return queries.flatten(2).transpose(1, 2), shares.flatten(1) > 0


def background_attention(features: Tensor, queries: Tensor) -> Tensor:
    """Return the mean over queries of ReLU(cos(feature, query)).

    Args:
        features: D×P.
        queries: Q×D; without any the attention is 0.

    Returns:
        P, in [0, 1].
    """
    if len(queries) == 0:
        return features.new_zeros(features.shape[1])
    cosines = functional.normalize(queries, dim=1) @ functional.normalize(features, dim=0)
    return functional.relu(cosines).mean(dim=0)


def bin_shares(length: int, bins: int) -> np.ndarray:
    """Return which of `length` places belong to which of `bins` parts: length×bins, 0 or 1.

    Parts have one width and may share a place; of fewer places than parts, the last ones repeat.
    """
    stride = length // bins
    shares = np.zeros((length, bins), dtype=np.float32)
    if stride == 0:
        shares[np.minimum(np.arange(bins), length - 1), np.arange(bins)] = 1
        return shares
    width = length - (bins - 1) * stride
    for part in range(bins):
        shares[part * stride : part * stride + width, part] = 1
    return shares


def sampled_line(first: float, last: float, length: int, cells: int) -> np.ndarray:
    """Return where features are read along one side of a box, in [−1, 1] over the image.

    Args:
        first: the box's first pixel; a fraction where the image was resized.
        last: its last pixel.
        length: pixels of the image along that side.
        cells: features along that side, the first and the last on the image's outermost pixels.

    Returns:
        As many equally spaced places as cells are touched, at least one.
    """
    scale = (cells - 1) / max(length - 1, 1)
    count = max(1, math.ceil(last * scale) - math.floor(first * scale))
    return 2 * np.linspace(first, last, count) / max(length - 1, 1) - 1


def pool_boxes(
    features: Tensor,
    boxes: np.ndarray,
    image_shape: tuple[int, int],
    queries: Tensor,
    bins: int,
) -> Tensor:
    """Pool the boxes of one image.

    All boxes are read and weighted at once; a box is a run of the places that are read.

    Args:
        features: D×h×w.
        boxes: K×4 float, x0, y0, x1, y1 in pixels, with exclusive ends; K > 0.
        image_shape: height and width of the image in pixels.
        queries: Q×D of the background; without any the pooling is a plain mean.
        bins: parts of a box in each direction.

    Returns:
        K·bins²×D: the parts of a box follow each other row by row.
    """
    places, memberships = [], []
    for x0, y0, x1, y1 in boxes.tolist():
        x = sampled_line(x0, max(x0, x1 - 1), image_shape[1], features.shape[2])
        y = sampled_line(y0, max(y0, y1 - 1), image_shape[0], features.shape[1])
        places.append(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
        memberships.append(np.kron(bin_shares(len(y), bins), bin_shares(len(x), bins)))
    member = torch.block_diag(*map(torch.from_numpy, memberships)).to(features)
    grid = torch.from_numpy(np.concatenate(places)).to(features)[None, None]
    read = functional.grid_sample(
        features[None], grid, mode="bilinear", padding_mode="border", align_corners=True
    )[0, :, 0]
    weights = 1 - background_attention(read, queries)
    return ((read * weights) @ member / (weights @ member + TINY)).T
