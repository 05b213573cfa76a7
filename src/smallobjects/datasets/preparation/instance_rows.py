"""The rows of the table of instances, worked out from a painted mask."""

import numpy as np

from smallobjects.datasets.prepared import SIZES, VOID
from smallobjects.datasets.regions import regions


def size_name(area: int, limits: tuple[int, int]) -> str:
    """Return small, medium or large: small < first limit <= medium < second limit <= large."""
    return SIZES[(area >= limits[0]) + (area >= limits[1])]


def instance_rows(
    image_id: str,
    instances: np.ndarray,
    instance_classes: dict[int, int],
    size_limits: tuple[int, int],
) -> list[tuple]:
    """Return one row per painted instance, by ascending instance id, as `tables.INSTANCES` orders.

    Args:
        image_id: names the image.
        instances: H×W uint8 or uint16; 0 background, 255 void.
        instance_classes: class id of every instance id that occurs.
        size_limits: areas in pixels where medium and large begin.
    """
    found = regions(instances)
    rows = []
    for value, area, box in zip(
        found.values.tolist(), found.areas.tolist(), found.boxes.tolist(), strict=True
    ):
        if value not in (0, VOID):
            size = size_name(area, size_limits)
            rows.append((image_id, value, instance_classes[value], area, size, *box))
    return rows
