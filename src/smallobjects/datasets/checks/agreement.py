"""Do the class mask and the instance mask of an image belong together?"""

from typing import NamedTuple

import numpy as np

from smallobjects.datasets.prepared import VOID
from smallobjects.runs import joint_runs

REMEDY = (
    "the two masks do not belong together: take both from one release (SegmentationClass belongs "
    f"to SegmentationObject), or paint the pixels on an instance, or {VOID} in both masks"
)
"""For the raw masks; preparing them again would not help."""


class MaskAgreement(NamedTuple):
    """What two masks say together."""

    classes: dict[int, int]
    """The class of every instance that has exactly one."""
    contradictions: list[str]
    """A phrase for every class of which pixels are on no instance, or are void in the instance mask
    alone: they would be part of mIoU and of no instance's IoU. Then one for every instance without
    a class, or with more than one (background counts)."""


def instance_classes(instances: np.ndarray, semantic: np.ndarray) -> MaskAgreement:
    """Find the class of every instance: that of all of its pixels which are not void.

    Args:
        instances: H×W uint8 or uint16; 0 background, 255 void. One of 8 bits is void whatever the
            class mask says, as VOC's borders are where a class mask has none.
        semantic: H×W uint8; 0 background, 1..C, 255 void.
    """
    start, length = joint_runs(instances, semantic)
    keys = instances.ravel()[start].astype(np.int64) * 256 + semantic.ravel()[start]
    pairs, index = np.unique(keys, return_inverse=True)
    pixels = np.bincount(index, length).astype(np.int64)
    found: dict[int, list[int]] = {}
    contradictions = []
    for pair, count in zip(pairs.tolist(), pixels.tolist(), strict=True):
        instance_id, class_id = divmod(pair, 256)
        if instance_id == 0 and class_id not in (0, VOID):
            contradictions.append(f"{count} pixels of class {class_id} belong to no instance")
        if instance_id == VOID and class_id not in (0, VOID) and instances.itemsize > 1:
            contradictions.append(
                f"{count} pixels of class {class_id} are {VOID} (void) in the instance mask"
            )
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
    return MaskAgreement(classes, contradictions)
