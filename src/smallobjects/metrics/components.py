"""The components of a prediction, as the definition of IA-mIoU takes them.

A component is an 8-connected region of one class; an island in a hole of a component belongs to the
component that encloses it (paper, definition of IA-mIoU).
"""

from typing import NamedTuple

import cc3d
import numpy as np

from smallobjects.runs import Runs


class PredictedRegions(NamedTuple):
    """The 8-connected regions of each class of a prediction, numbered from 1 to N.

    Class 0, connected or not, is region 0. What a region has in one row without a gap is a block.
    """

    labels: np.ndarray
    """H·W unsigned integers, the region of each pixel, in scan order."""
    of_run: np.ndarray
    """R unsigned integers, the region of each run."""
    classes: np.ndarray
    """N+1 int64, the class of each region."""
    first: np.ndarray
    """N+1 int64, the first pixel of each region, as index of the flattened prediction."""
    last_row: np.ndarray
    """N+1 int64, the last row of each region."""
    block_region: np.ndarray
    """B int64, the regions of the blocks of regions 1 to N, in scan order."""
    block_start: np.ndarray
    """B int64, their first pixels, as indices of the flattened prediction."""


def regions_of(prediction: np.ndarray, runs: Runs) -> PredictedRegions:
    """Find the regions of a prediction. One pass labels those of all classes.

    Args:
        prediction: H×W integers.
        runs: its runs, or joint runs of it and other masks.
    """
    width = prediction.shape[1]
    # cc3d refuses arrays that are read-only, which decoded images are: of these it gets a copy.
    labels, count = cc3d.connected_components(
        np.require(prediction, requirements="CW"), connectivity=8, return_N=True
    )
    flat = labels.ravel()
    of_run = flat.take(runs.start)
    new = np.empty(of_run.size, bool)
    new[:1] = True
    np.not_equal(of_run[1:], of_run[:-1], out=new[1:])
    # Where one row ends and the next begins with the same region.
    wraps = np.flatnonzero((labels[:-1, -1:] == labels[1:, :1]) & (labels[1:, :1] > 0))
    new[np.searchsorted(runs.start, (wraps + 1) * width)] = True
    new &= of_run > 0
    block = np.flatnonzero(new)
    region, start = of_run.take(block).astype(np.int64), runs.start.take(block)
    # Of what is written to one place more than once, the last stays.
    first, last = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    first[region[::-1]] = start[::-1]
    last[region] = start
    classes = np.zeros(count + 1, np.int64)
    classes[1:] = prediction.ravel()[first[1:]]
    return PredictedRegions(flat, of_run, classes, first, last // max(width, 1), region, start)


def components_of_regions(
    prediction: np.ndarray, runs: Runs, regions: PredictedRegions, classes: np.ndarray
) -> np.ndarray:
    """Return the component of each region of some classes.

    Holes are filled only around regions that may have islands of their class in them, and most have
    none.

    Args:
        prediction: H×W integers.
        runs: those that the regions are of.
        regions: all regions of the prediction.
        classes: the classes wanted, 0 not among them.

    Returns:
        N+1 int64; different components have different numbers in 0..N, with gaps. Regions of other
        classes are on their own.
    """
    components = np.arange(regions.classes.size)
    outer = _may_enclose(regions, prediction.shape)
    if not outer.size:
        return components
    for class_id in np.intersect1d(regions.classes[outer], classes):
        own = outer[regions.classes[outer] == class_id]
        _join_islands(components, own, prediction == class_id, runs, regions)
    return components


def _may_enclose(regions: PredictedRegions, shape: tuple[int, int]) -> np.ndarray:
    """Return the regions that may have an island of their class in a hole, some more than once.

    If region A encloses islands, B be the one that comes first in scan order. It begins in a gap of
    A, between two blocks of A that follow each other in one row, and nothing of the class lies
    between the first of these and B. B begins below A's first row and ends above its last.
    """
    pixels, width = shape[0] * shape[1], shape[1]
    # As numbers that ascend by region and then in scan order. Half a word is sorted in less time.
    blocks = regions.block_region * pixels + regions.block_start
    if regions.classes.size * pixels < 2**31:
        blocks = blocks.astype(np.int32)
    blocks.sort()
    row_of_region = blocks // max(width, 1)
    gap = np.flatnonzero(row_of_region[1:] == row_of_region[:-1])
    if not gap.size:
        return gap
    left, right = (blocks.take(block).astype(np.int64) for block in (gap, gap + 1))
    outer = left // pixels
    # As numbers that ascend by class and then in scan order.
    to_class = (regions.classes[outer] - outer) * pixels
    left += to_class
    right += to_class
    order = np.argsort(left)
    left, right, outer = left.take(order), right.take(order), outer.take(order)
    first = regions.classes * pixels + regions.first
    before = np.searchsorted(left, first) - 1
    inner = np.flatnonzero((left.take(before) < first) & (first < right.take(before)))
    outer = outer.take(before.take(inner))
    first_row, last_row = regions.first // width, regions.last_row
    nested = (first_row[outer] < first_row[inner]) & (last_row[inner] < last_row[outer])
    return outer[nested]


def _join_islands(
    components: np.ndarray,
    outer: np.ndarray,
    mask: np.ndarray,
    runs: Runs,
    regions: PredictedRegions,
) -> None:
    """Give the islands in the holes of some regions of one class the number of their encloser.

    Args:
        components: N+1 int64, the component of each region; changed in place.
        outer: the regions of the class that may have islands.
        mask: H×W bool, the class.
        runs: those that the regions are of.
        regions: all regions of the prediction.
    """
    width = mask.shape[1]
    is_outer = np.zeros(components.size, bool)
    is_outer[outer] = True
    around = np.flatnonzero(is_outer[regions.of_run])
    columns = runs.start[around] % width
    y = slice(regions.first[outer].min() // width, regions.last_row[outer].max() + 1)
    x = slice(columns.min(), (columns + runs.length[around]).max())
    # The box holds the outer regions whole, and so their holes; what it cuts lies in none of them.
    inside = np.flatnonzero(regions.classes == regions.classes[outer[0]])
    rows, columns = np.divmod(regions.first[inside], width)
    in_box = (rows >= y.start) & (rows < y.stop) & (columns >= x.start) & (columns < x.stop)
    inside, rows, columns = inside[in_box], rows[in_box], columns[in_box]
    filled = _components_of_filled(mask[y, x])[rows - y.start, columns - x.start]
    owner = np.zeros(filled.max() + 1, np.int64)
    own = is_outer[inside]
    owner[filled[own]] = inside[own]
    joined = owner[filled] > 0
    components[inside[joined]] = owner[filled[joined]]


def enclosing_components(mask: np.ndarray) -> np.ndarray:
    """Label the components of a mask; an island belongs to the component that encloses it.

    The holes of the mask are filled, the filled mask is labelled with 8-connectivity, and the
    labels are kept on the pixels of the mask. A hole is a region of the complement that is
    connected through edges (4-connectivity, the counterpart of 8-connectivity in the mask) and does
    not touch the border of the image.

    Args:
        mask: H×W bool.

    Returns:
        H×W uint32: 0 outside the mask, labels from 1 on inside; labels may have gaps.
    """
    return np.where(mask, _components_of_filled(mask), np.uint32(0))


def _components_of_filled(mask: np.ndarray) -> np.ndarray:
    """Return the 8-connected components of a mask with its holes filled, H×W uint32."""
    # As bytes: cc3d 4.1.1 mislabels bool masks with an odd side when it uses 8-connectivity.
    # The frame joins everything open to the border into one region.
    height, width = mask.shape
    complement = np.ones((height + 2, width + 2), np.uint8)
    np.logical_not(mask, out=complement[1:-1, 1:-1].view(bool))
    regions, count = cc3d.connected_components(
        complement, connectivity=4, return_N=True, out_dtype=np.uint32
    )
    filled = mask if count == 1 else (regions != regions[0, 0])[1:-1, 1:-1]
    return cc3d.connected_components(
        np.ascontiguousarray(filled).view(np.uint8), connectivity=8, out_dtype=np.uint32
    )
