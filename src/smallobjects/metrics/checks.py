"""What masks and settings must satisfy before anything is scored; messages name what is wrong."""

from collections.abc import Iterable, Sequence
from math import isfinite
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

_AS_CLASSES = "take the class of each pixel (argmax over the classes) if these are scores"


class MaskNames(NamedTuple):
    """What messages call the masks of an image."""

    prediction: str = "prediction"
    semantic: str = "class mask"
    instances: str = "the instance mask"


def as_integers(mask: Any, name: str) -> np.ndarray:
    """Return a mask of integers as an array in the byte order of this machine.

    Args:
        mask: an array, or a tensor on any device.
        name: of the mask, for messages.

    Raises:
        ValueError: its values are no integers.
    """
    if hasattr(mask, "detach"):
        # NumPy has no such type as bfloat16, so that a tensor is asked itself.
        if mask.is_floating_point():
            raise ValueError(_no_integers(name, mask.dtype))
        mask = mask.detach().cpu()
    array = np.asarray(mask)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(_no_integers(name, array.dtype))
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def as_batch(*masks: Any) -> list[np.ndarray]:
    """Return prediction, class mask and instance mask of an image or of a batch as arrays.

    Raises:
        ValueError: one holds no integers, or their dimensions differ.
    """
    arrays = [as_integers(mask, name) for mask, name in zip(masks, MaskNames(), strict=True)]
    dimensions = arrays[-1].ndim
    for array, name in zip(arrays, MaskNames(), strict=True):
        if array.ndim not in (2, 3) or array.ndim != dimensions:
            raise ValueError(
                f"{name}: shape {array.shape}, beside an instance mask of shape "
                f"{arrays[-1].shape}; expected H×W or N×H×W integers each (of scores, take the "
                "argmax over the classes)"
            )
    return arrays


def _no_integers(name: str, dtype: Any) -> str:
    return (
        f"{name}: expected a mask of integers, got {dtype}; {_AS_CLASSES}, or convert it to an "
        "integer type"
    )


def check_shape(mask: np.ndarray, shape: tuple[int, ...], name: str, reference: str) -> None:
    """Refuse a mask that is not of the given height and width.

    Raises:
        ValueError: `mask` is not 2-D or not of `shape`.
    """
    if mask.ndim != 2:
        raise ValueError(
            f"{name}: expected a mask of height×width, got shape {mask.shape}; {_AS_CLASSES}, or "
            "score the images of a batch one by one"
        )
    if mask.shape != shape:
        raise ValueError(
            f"{name}: {mask.shape[0]}×{mask.shape[1]} pixels (height×width), but {reference} has "
            f"{shape[0]}×{shape[1]}; bring it to the size of the ground truth (nearest neighbour)"
        )


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


def check_instance_ids(values: np.ndarray, name: str, ignore_index: int) -> None:
    """Refuse instance ids (integers) that 16 bits do not hold, other than `ignore_index`.

    Raises:
        ValueError: one is outside 0..65535.
    """
    wrong = values[((values < 0) | (values > 65535)) & (values != ignore_index)]
    if wrong.size:
        raise ValueError(
            f"{name}: instance id {wrong[0]}; expected 0..65535 (16 bits) or {ignore_index} "
            "(void). Number the instances anew, or pass the void value as ignore_index"
        )


def check_voids(
    instances: np.ndarray, semantic: np.ndarray, pixels: np.ndarray, ignore_index: int, name: str
) -> None:
    """Refuse an instance mask that is void where the class mask has an object.

    That is what an instance looks like that was given the void value as its id.

    Args:
        instances: N instance ids.
        semantic: N classes, of the same pixels.
        pixels: how many pixels have both.
        ignore_index: the void value of both.
        name: of the instance mask, for messages.

    Raises:
        ValueError: it is so in some pixels.
    """
    wrong = (instances == ignore_index) & (semantic != ignore_index) & (semantic != 0)
    if wrong.any():
        raise ValueError(
            f"{name}: {pixels[wrong].sum():.0f} pixels are {ignore_index}, which is void, but "
            f"class {semantic[wrong].max()} in the class mask; give an instance of that id another "
            f"one, or write {ignore_index} into both masks where there is to be void"
        )


def check_ignore_index(ignore_index: int, num_classes: int) -> None:
    """Refuse an ignore index that is also a class.

    Raises:
        ValueError: `ignore_index` is one of the classes.
    """
    if 0 <= ignore_index < num_classes:
        raise ValueError(f"ignore_index {ignore_index} is one of the {num_classes} classes")


def check_num_classes(num_classes: int) -> None:
    """Refuse a number of classes that is no whole number above 0.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(num_classes, int | np.integer) or num_classes < 1:
        raise ValueError(f"num_classes {num_classes!r}: give the classes, background included")


def checked_size_limits(size_limits: Sequence[float]) -> tuple[float, float]:
    """Return the areas that part small, medium and large.

    Raises:
        ValueError: they are not two positive numbers that rise.
    """
    limits = tuple(size_limits) if isinstance(size_limits, Iterable) else (size_limits,)
    numbers = len(limits) == 2 and all(isinstance(each, Real | np.number) for each in limits)
    if not numbers or not all(map(isfinite, limits)) or not 0 < limits[0] < limits[1]:
        raise ValueError(
            f"size_limits {limits}: expected two areas in pixels that rise (small < first <= "
            "medium < second <= large), such as (1024, 9216)"
        )
    return limits
