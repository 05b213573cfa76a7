"""What one image holds: its pixels, counted by predicted region, true class and instance.

All scores of an image are made of these counts. There are a few hundred of them, however large the
image is.
"""

from typing import NamedTuple

import numpy as np

from smallobjects.metrics.checks import (
    MaskNames,
    as_integers,
    check_classes,
    check_ignore_index,
    check_instance_ids,
    check_shape,
    check_voids,
)
from smallobjects.metrics.components import PredictedRegions, regions_of
from smallobjects.metrics.runs import distinct
from smallobjects.runs import Runs, joint_runs


class Overlaps(NamedTuple):
    """Distinct combinations of four values that pixels of an image have; D of them."""

    region: np.ndarray
    """D int64: the region of the prediction, 0 where class 0 is predicted."""
    found: np.ndarray
    """D int64: the class of the region."""
    truth: np.ndarray
    """D int64: the class of the ground truth."""
    instance: np.ndarray
    """D int64: the instance of the ground truth."""
    pixels: np.ndarray
    """D int64: how many pixels have these values."""
    prediction: np.ndarray
    """H×W integers."""
    runs: Runs
    """The joint runs of prediction, class mask and instance mask."""
    regions: PredictedRegions
    """The regions of the prediction."""


def overlaps_of(
    prediction: np.ndarray,
    semantic: np.ndarray,
    instances: np.ndarray,
    num_classes: int,
    ignore_index: int,
    names: MaskNames,
) -> Overlaps:
    """Check the masks of an image and count their pixels.

    Args:
        prediction: as in `smallobjects.metrics.instance_ious`.
        semantic: as there.
        instances: as there.
        num_classes: as there.
        ignore_index: as there.
        names: of the masks, for messages.

    Raises:
        ValueError: shapes differ, or a value is no integer, no class or no instance id.
    """
    check_ignore_index(ignore_index, num_classes)
    masks = zip((prediction, semantic, instances), names, strict=True)
    prediction, semantic, instances = (as_integers(mask, name) for mask, name in masks)
    check_shape(instances, instances.shape, names.instances, names.instances)
    for mask, name in ((prediction, names.prediction), (semantic, names.semantic)):
        check_shape(mask, instances.shape, name, names.instances)
    runs = joint_runs(prediction, semantic, instances)
    regions = regions_of(prediction, runs)
    instance_of_run, truth_of_run = (mask.take(runs.start) for mask in (instances, semantic))
    (region, instance, truth), pixels = distinct(
        (regions.of_run, instance_of_run, truth_of_run), runs.length
    )
    found = regions.classes[region]
    check_classes(found, num_classes, names.prediction, ignore_index, pixels)
    check_classes(truth, num_classes, names.semantic, ignore_index, pixels)
    check_instance_ids(instance, names.instances, ignore_index)
    if instances.itemsize > 1:
        # In 8 bits it is a custom of VOC's; where ids can go beyond it, one may have run into it.
        check_voids(instance, truth, pixels, ignore_index, names.instances)
    return Overlaps(region, found, truth, instance, pixels, prediction, runs, regions)
