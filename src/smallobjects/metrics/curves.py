"""IoU against object size as a curve, where small, medium and large are only three bins."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from smallobjects.metrics.bootstrap import Bootstrap, resampled_counts


def size_edges(areas: np.ndarray, bins_per_doubling: float = 2) -> np.ndarray:
    """Return the ends of bins that hold all sizes, of equal width on a logarithmic axis.

    Size is the side of a square of the same area. The ends are 32·2^(k/b) for whole k: the limit of
    small objects is one of them, and the bins of two datasets are the same where both have any.

    Args:
        areas: areas in pixels, at least one.
        bins_per_doubling: b, bins from a side to twice the side.

    Returns:
        Rising sides in pixels, at least two, the last above the greatest side.
    """
    sides = np.sqrt([np.min(areas), np.max(areas)])
    steps = bins_per_doubling * np.log2(sides / 32)
    edges = 32 * 2.0 ** (np.arange(np.floor(steps[0]) - 1, steps[1] + 3) / bins_per_doubling)
    # Rounded logarithms may be off by a step for a side at an end; the ends themselves decide.
    first, last = np.searchsorted(edges, sides, side="right")
    return edges[first - 1 : last + 1]


def size_curve(
    rows: pd.DataFrame,
    edges: np.ndarray,
    bootstrap: Bootstrap,
    per_class: bool = False,
) -> pd.DataFrame:
    """Average the IoU of the foreground instances of each size.

    Args:
        rows: the columns image, class_id, area and iou of the rows of all instances.
        edges: sides in pixels that part the sizes, as from `size_edges`; a bin holds its lower end.
        bootstrap: how to resample the images for the band; the images are those with instances.
        per_class: give each class a curve, after the one of all instances.

    Returns:
        A row for each bin with an instance: class_id (missing for all classes together, where each
        instance counts alike), side_low and side_high (the bin), side (geometric mean of the
        instances' sides), instances (their number), iou (their mean, 0..1), and iou_low and
        iou_high (the percentile interval of that mean over resampled images; missing if all of them
        are in one image, which says nothing about others).
    """
    bins = len(edges) - 1
    objects = rows[rows["class_id"] > 0]
    bin_of = np.searchsorted(edges, _sides(objects), side="right") - 1
    inside = (bin_of >= 0) & (bin_of < bins)
    objects, bin_of = objects[inside], bin_of[inside]
    # A cell is a bin of a curve; the curve of all instances comes first.
    class_ids, curve_of = np.unique(objects["class_id"].to_numpy(), return_inverse=True)
    points = pd.DataFrame(
        {
            "image": objects["image"].to_numpy(),
            "iou": objects["iou"].to_numpy(),
            "log_side": np.log(_sides(objects)),
            "cell": bin_of,
        }
    )
    if per_class:
        own = points.assign(cell=bins * (1 + curve_of) + bin_of)
        points = pd.concat([points, own], ignore_index=True)
    by_cell = points.groupby("cell")
    cells = np.array(list(by_cell.groups), np.int64)
    bands = _mean_bands(points, cells, bootstrap)
    curves = pd.array([None, *class_ids.tolist()], dtype="Int64")
    return pd.DataFrame(
        {
            "class_id": curves[cells // bins],
            "side_low": edges[cells % bins],
            "side_high": edges[cells % bins + 1],
            "side": np.exp(by_cell["log_side"].mean().to_numpy()),
            "instances": by_cell.size().to_numpy(),
            "iou": by_cell["iou"].mean().to_numpy(),
            "iou_low": bands[0],
            "iou_high": bands[1],
        }
    )


def _sides(objects: pd.DataFrame) -> np.ndarray:
    """Return the side of a square of the same area, in pixels, of each object."""
    return np.sqrt(objects["area"].to_numpy(np.float64))


def _mean_bands(points: pd.DataFrame, cells: np.ndarray, bootstrap: Bootstrap) -> np.ndarray:
    """Return the interval of the mean IoU of each cell over resampled images.

    Args:
        points: the columns image, cell and iou.
        cells: the K cells that occur, ascending.
        bootstrap: how to resample.

    Returns:
        2×K float64, the lower and the upper ends; NaN for a cell of a single image.
    """
    images, row = np.unique(points["image"].to_numpy(dtype=object), return_inverse=True)
    place = (row, np.searchsorted(cells, points["cell"].to_numpy()))
    shape = (len(images), len(cells))
    sums, counts = (
        csr_array((values, place), shape=shape).T.tocsr()
        for values in (points["iou"].to_numpy(), np.ones(len(points)))
    )
    means = []
    for drawn in resampled_counts(len(images), bootstrap):
        total = counts @ drawn.T
        mean = np.full(total.shape, np.nan)
        means.append(np.divide(sums @ drawn.T, total, out=mean, where=total > 0))
    together = np.concatenate(means, axis=1)
    level = bootstrap.level
    bands = np.nanquantile(together, [(1 - level) / 2, (1 + level) / 2], axis=1)
    bands[:, np.diff(counts.indptr) < 2] = np.nan
    return bands
