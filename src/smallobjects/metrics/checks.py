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


def check_integers(mask: np.ndarray, name: str) -> None:
    """Refuse a mask that does not hold integers.

    Raises:
        ValueError: its values are of another type.
    """
    if not np.issubdtype(mask.dtype, np.integer):
        raise ValueError(f"{name}: expected a mask of integers, got {mask.dtype}")


def check_classes(
    values: np.ndarray, num_classes: int, name: str, ignore_index: int, pixels: np.ndarray
) -> None:
    """Refuse values outside 0..num_classes-1, other than `ignore_index`.

    Args:
        values: the values of a mask, integers; one may come more than once.
        num_classes: C, background included.
        name: of the mask, for messages.
        ignore_index: the void value.
        pixels: how many pixels each of `values` stands for.

    Raises:
        ValueError: one is another class.
    """
    wrong = ((values < 0) | (values >= num_classes)) & (values != ignore_index)
    if wrong.any():
        raise ValueError(
            f"{name}: class {values[wrong].max()} in {pixels[wrong].sum():.0f} pixels; expected "
            f"0..{num_classes - 1} or {ignore_index} (void). Check the number of classes and the "
            "file"
        )


def check_instance_ids(values: np.ndarray, name: str) -> None:
    """Refuse instance ids (integers) that 16 bits do not hold.

    Raises:
        ValueError: one is outside 0..65535.
    """
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise ValueError(
            f"{name}: instance ids {values.min()}..{values.max()}; expected 0..65535 (16 bits)"
        )


def check_ignore_index(ignore_index: int, num_classes: int) -> None:
    """Refuse an ignore index that is also a class.

    Raises:
        ValueError: `ignore_index` is one of the classes.
    """
    if 0 <= ignore_index < num_classes:
        raise ValueError(f"ignore_index {ignore_index} is one of the {num_classes} classes")
