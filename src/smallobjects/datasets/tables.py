"""The three tables of a prepared dataset: instances, boxes and image-level labels."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from smallobjects.integrity.tables import write_parquet

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
TABLES = {"instances": INSTANCES, "boxes": BOXES, "labels": LABELS}
"""The schema of each `<name>.parquet`."""


def write_table(path: Path, rows: Iterable[tuple], schema: pa.Schema) -> None:
    """Write rows as a parquet file; the bytes depend on the rows alone."""
    frame = pd.DataFrame(list(rows), columns=schema.names)
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    write_parquet(table.replace_schema_metadata(None), path)
