"""The three tables of a prepared dataset: instances, boxes and image-level labels."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from scipy import ndimage

from smallobjects.datasets.prepared import VOID

_BOX = [(side, pa.int32()) for side in ("x0", "y0", "x1", "y1")]
INSTANCES = pa.schema(
    [
        ("image", pa.string()),
        ("instance_id", pa.int32()),
        ("class_id", pa.int32()),
        ("area", pa.int64()),
        ("size", pa.string()),
        *_BOX,
    ]
)
BOXES = pa.schema([("image", pa.string()), ("class_id", pa.int32()), *_BOX])
LABELS = pa.schema([("image", pa.string()), ("class_id", pa.int32())])


def size_name(area: int, limits: tuple[int, int]) -> str:
    """Return small, medium or large: small < first limit <= medium < second limit <= large."""
    if area < limits[0]:
        return "small"
    return "medium" if area < limits[1] else "large"


def instance_rows(
    image_id: str,
    instances: np.ndarray,
    instance_classes: dict[int, int],
    size_limits: tuple[int, int],
) -> list[tuple]:
    """Return one row per painted instance, by ascending instance id, in the order of INSTANCES.

    Args:
        image_id: names the image.
        instances: H×W uint8 or uint16; 0 background, 255 void.
        instance_classes: class id of every instance id that occurs.
        size_limits: areas in pixels where medium and large begin.
    """
    areas = np.bincount(instances.ravel())
    rows = []
    for index, place in enumerate(ndimage.find_objects(instances.astype(np.int32)), start=1):
        if place is None or index == VOID:
            continue
        area = int(areas[index])
        y, x = place
        size = size_name(area, size_limits)
        box = (x.start, y.start, x.stop, y.stop)
        rows.append((image_id, index, instance_classes[index], area, size, *box))
    return rows


def write_table(path: Path, rows: Iterable[tuple], schema: pa.Schema) -> None:
    """Write rows as a parquet file; the bytes depend on the rows alone."""
    frame = pd.DataFrame(list(rows), columns=schema.names)
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    parquet.write_table(table.replace_schema_metadata(None), path)
