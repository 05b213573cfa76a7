"""What labels must satisfy before a loss is taken; the messages name value and remedy."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def check_integer_labels(labels: Any) -> None:
    """Refuse labels that are no array or tensor of integers.

    Raises:
        ValueError: they are not.
    """
    dtype = getattr(labels, "dtype", type(labels).__name__)
    if isinstance(labels, Tensor):
        whole = not (dtype.is_floating_point or dtype.is_complex or dtype is torch.bool)
    else:
        whole = isinstance(dtype, np.dtype) and np.issubdtype(dtype, np.integer)
    if not whole:
        raise ValueError(f"labels of {dtype}; expected an array or a tensor of integer class ids")


def check_no_other_void(lowest: int, ignore_index: int) -> None:
    """Refuse labels below 0 that are not `ignore_index`, such as a void value of other programs.

    Args:
        lowest: of all labels but `ignore_index`.
        ignore_index: the label of pixels that take no part.

    Raises:
        ValueError: `lowest` is below 0.
    """
    if lowest < 0:
        raise ValueError(
            f"label {lowest} is no class; where it means void, pass ignore_index={lowest} (now "
            f"{ignore_index}) or write {ignore_index} in its place"
        )


def check_label_classes(labels: Tensor, num_classes: int, ignore_index: int) -> None:
    """Refuse labels outside 0..num_classes-1 that are not `ignore_index`.

    Raises:
        ValueError: one is outside.
    """
    classes = labels[labels != ignore_index]
    if not classes.numel():
        return
    lowest, highest = (int(each) for each in torch.aminmax(classes))
    check_no_other_void(lowest, ignore_index)
    if highest >= num_classes:
        raise ValueError(
            f"label {highest} is none of the {num_classes} classes that the logits have; where it "
            f"means void, pass ignore_index={highest} (now {ignore_index})"
        )
