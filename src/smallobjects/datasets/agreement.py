"""Do the class mask and the instance mask of an image belong together?"""

from typing import NamedTuple

import numpy as np

from smallobjects.datasets.prepared import VOID
from smallobjects.runs import joint_runs


class Agreement(NamedTuple):
    """What two masks say together."""

    classes: dict[int, int]
    """The class of every instance that has exactly one."""
    contradictions: list[str]
    """A phrase for every instance without a class, or with more than one (background counts)."""
    strays: list[str]
    """A phrase for every class of which pixels are on no instance. Such pixels are part of mIoU,
    and of no instance's IoU."""


def instance_classes(instances: np.ndarray, semantic: np.ndarray) -> Agreement:
    """Find the class of every instance: that of all of its pixels which are not void.

    Args:
        instances: H×W uint8 or uint16; 0 background, 255 void.
        semantic: H×W uint8; 0 background, 1..C, 255 void.
    """
    start, length = joint_runs(instances, semantic)
    keys = instances.ravel()[start].astype(np.int64) * 256 + semantic.ravel()[start]
    pairs, index = np.unique(keys, return_inverse=True)
    pixels = np.bincount(index, length).astype(np.int64)
    found: dict[int, list[int]] = {}
    contradictions, strays = [], []
    for pair, count in zip(pairs.tolist(), pixels.tolist(), strict=True):
        instance_id, class_id = divmod(pair, 256)
        if instance_id == 0 and class_id not in (0, VOID):
            strays.append(f"{count} pixels of class {class_id} belong to no instance")
        if instance_id not in (0, VOID):
            found.setdefault(instance_id, [])
            if class_id != VOID:
                found[instance_id].append(class_id)
    classes = {}
    for instance_id, class_ids in found.items():
        if class_ids in ([], [0]):
            contradictions.append(
                f"instance {instance_id} has no pixel of any class in the class mask"
            )
        elif len(class_ids) > 1:
            contradictions.append(
                f"instance {instance_id} has pixels of the classes {class_ids} in the class mask, "
                "but an instance has one"
            )
        else:
            classes[instance_id] = class_ids[0]
    return Agreement(classes, contradictions, strays)
