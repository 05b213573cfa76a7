"""The components of a predicted class, as the definition of IA-mIoU takes them."""

import cc3d
import numpy as np


def enclosing_components(mask: np.ndarray) -> np.ndarray:
    """Label the components of a mask; an island belongs to the component that encloses it.

    The holes of the mask are filled, the filled mask is labelled with 8-connectivity, and the
    labels are kept on the pixels of the mask (paper, definition of IA-mIoU). A hole is a region of
    the complement that is connected through edges (4-connectivity, the counterpart of
    8-connectivity in the mask) and does not touch the border of the image.

    Args:
        mask: H×W bool.

    Returns:
        H×W uint32: 0 outside the mask, labels from 1 on inside; labels may have gaps.
    """
    # As bytes: cc3d 4.1.1 mislabels bool masks with an odd side when it uses 8-connectivity.
    # The frame joins everything open to the border into one region, which is first in scan order.
    complement = np.pad(~mask, 1, constant_values=True).view(np.uint8)
    regions, count = cc3d.connected_components(
        complement, connectivity=4, return_N=True, out_dtype=np.uint32
    )
    filled = mask if count == 1 else (regions != regions[0, 0])[1:-1, 1:-1]
    labels = cc3d.connected_components(filled.astype(np.uint8), connectivity=8, out_dtype=np.uint32)
    if filled is not mask:
        labels = np.where(mask, labels, np.uint32(0))
    return labels


def bounding_box(mask: np.ndarray) -> tuple[slice, slice] | None:
    """Return the slices of the smallest box that holds the mask, or None if the mask is empty.

    The components of the mask do not change by cutting it out along this box.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
