"""What a mask must satisfy before it is scored; the messages name the mask."""

import numpy as np


def check_shape(mask: np.ndarray, shape: tuple[int, ...], name: str, reference: str) -> None:
    """Refuse a mask that is not of the given height and width.

    Raises:
        ValueError: `mask` is not 2-D or not of `shape`.
    """
    if mask.ndim != 2:
        raise ValueError(f"{name}: expected a mask of height×width, got shape {mask.shape}")
    if mask.shape != shape:
        raise ValueError(
            f"{name}: {mask.shape[0]}×{mask.shape[1]} pixels (height×width), but {reference} has "
            f"{shape[0]}×{shape[1]}; bring it to the size of the ground truth (nearest neighbour)"
        )


def check_classes(
    mask: np.ndarray, num_classes: int, name: str, ignore_index: int | None = None
) -> None:
    """Refuse a mask with a value outside 0..num_classes-1, other than `ignore_index`.

    Raises:
        ValueError: `mask` does not hold integers, or holds another class.
    """
    if not np.issubdtype(mask.dtype, np.integer):
        raise ValueError(f"{name}: expected integer classes, got {mask.dtype}")
    wrong = (mask < 0) | (mask >= num_classes)
    if ignore_index is not None:
        wrong &= mask != ignore_index
    if wrong.any():
        also = "" if ignore_index is None else f" or {ignore_index} (void)"
        raise ValueError(
            f"{name}: class {mask[wrong].max()} in {np.count_nonzero(wrong)} pixels; expected "
            f"0..{num_classes - 1}{also}. Check the number of classes and the file"
        )


def check_instance_ids(mask: np.ndarray, name: str) -> None:
    """Refuse an instance mask with ids that 16 bits do not hold.

    Raises:
        ValueError: `mask` does not hold integers, or holds an id outside 0..65535.
    """
    if not np.issubdtype(mask.dtype, np.integer):
        raise ValueError(f"{name}: expected integer instance ids, got {mask.dtype}")
    if mask.size and (mask.min() < 0 or mask.max() > 65535):
        raise ValueError(
            f"{name}: instance ids {mask.min()}..{mask.max()}; expected 0..65535 (16 bits)"
        )


def check_ignore_index(ignore_index: int, num_classes: int) -> None:
    """Refuse an ignore index that is also a class.

    Raises:
        ValueError: `ignore_index` is one of the classes.
    """
    if 0 <= ignore_index < num_classes:
        raise ValueError(f"ignore_index {ignore_index} is one of the {num_classes} classes")
