"""The components of a prediction, as the definition of IA-mIoU takes them.

A component is an 8-connected region of one class; an island in a hole of a component belongs to the
component that encloses it (paper, definition of IA-mIoU).
"""

import cc3d
import numpy as np


def components_of_runs(
    prediction: np.ndarray, start: np.ndarray, length: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Return the component of each run of a prediction.

    One pass labels the regions of all classes. Holes are filled only around regions that may have
    islands of their class in them, and most have none.

    Args:
        prediction: H×W integers, at least 0.
        start: R int64, the first pixels of runs of the classes wanted, as indices of the flattened
            prediction, ascending; each run lies in one row and has one class. All pixels of these
            classes are in a run.
        length: R whole numbers, the pixels of each run.
        classes: R integers from 1 on, the class of each run.

    Returns:
        R int64 labels from 1 on; runs of different components, or of different classes, have
        different labels. Labels may have gaps.
    """
    if not start.size:
        return start
    width = prediction.shape[1]
    rows = start // width
    columns = start - rows * width
    box = _box_around(rows, columns, length)
    # A copy, as cc3d refuses arrays that are read-only, which decoded images are.
    cut = prediction[box].copy()
    regions = cc3d.connected_components(cut, connectivity=8)
    labels = regions[rows - box[0].start, columns - box[1].start].astype(np.int64)
    enclosing = _may_enclose(labels, rows, classes)
    for class_id in np.unique(classes[enclosing]):
        outer = np.unique(labels[enclosing[classes[enclosing] == class_id]])
        _join_islands(labels, outer, prediction == class_id, rows, columns, length)
    return labels


def _join_islands(
    labels: np.ndarray,
    outer: np.ndarray,
    mask: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    length: np.ndarray,
) -> None:
    """Give the islands in the holes of some regions of one class the label of their encloser.

    Args:
        labels: R int64, the regions of all runs; changed in place.
        outer: the regions of the class that may have islands.
        mask: H×W bool, the class.
        rows: R int64, of the runs.
        columns: R int64, of the first pixels of the runs.
        length: R whole numbers, of the runs.
    """
    around = np.flatnonzero(np.isin(labels, outer))
    box = y, x = _box_around(rows[around], columns[around], length[around])
    inside = np.flatnonzero(
        (rows >= y.start) & (rows < y.stop) & (columns >= x.start) & (columns < x.stop)
    )
    inside = inside[mask[rows[inside], columns[inside]]]
    # The box holds the outer regions whole, and so their holes; what it cuts lies in none of them.
    filled = _components_of_filled(mask[box])[rows[inside] - y.start, columns[inside] - x.start]
    is_outer = np.isin(labels[inside], outer)
    owner = np.zeros(filled.max() + 1, np.int64)
    owner[filled[is_outer]] = labels[inside[is_outer]]
    joined = owner[filled] > 0
    labels[inside[joined]] = owner[filled[joined]]


def _box_around(rows: np.ndarray, columns: np.ndarray, length: np.ndarray) -> tuple[slice, slice]:
    """Return the slices of the smallest box that holds some runs; there is at least one."""
    return (
        slice(rows.min(), rows.max() + 1),
        slice(columns.min(), int((columns + length).max())),
    )


def _may_enclose(labels: np.ndarray, rows: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the indices of runs whose region may have an island of its class in a hole.

    If region A encloses an island, then in each row of the island A is on both sides, and what
    comes after A in this row (among the regions of the class) is an island B that A encloses. So
    B begins below A's first row and ends above its last.
    """
    order = np.argsort(classes, kind="stable")
    labels, rows = labels[order], rows[order]
    # Neighbours of one region with nothing of the class in between are one block.
    new = np.ones(labels.size, bool)
    new[1:] = (labels[1:] != labels[:-1]) | (rows[1:] != rows[:-1])
    block = np.flatnonzero(new)
    region, row = labels[block], rows[block]
    key = row * (labels.max(initial=0) + 1) + region
    by_key = np.argsort(key, kind="stable")
    comes_back = by_key[:-1][key[by_key[1:]] == key[by_key[:-1]]]
    outer, inner = region[comes_back], region[comes_back + 1]
    first, last = _row_ranges(labels, rows)
    nested = (first[outer] < first[inner]) & (last[inner] < last[outer])
    return order[block[comes_back[nested]]]


def _row_ranges(labels: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last row of each label; rows ascend within a label."""
    size = labels.max(initial=0) + 1
    first, last = np.zeros(size, np.int64), np.zeros(size, np.int64)
    first[labels[::-1]] = rows[::-1]
    last[labels] = rows
    return first, last


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
