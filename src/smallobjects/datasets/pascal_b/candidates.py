"""The candidates for PASCAL-B: every image of LVIS that shows one of the 20 classes."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.lvis.converter import LvisImage, read_images
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters
from smallobjects.datasets.prepared import SIZES
from smallobjects.integrity.tables import whole_parquet, write_parquet
from smallobjects.parallel import ordered_map
from smallobjects.progress import progress
from smallobjects.publishing import publish_file

COUNTS = tuple(f"{name}_{size}" for name in VOC_CLASSES for size in SIZES)
"""The columns of counts: sizes within classes."""
HINTS = ("not_exhaustive", "only_in_coco", "narrower")
SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("file", pa.string()),
        *((name, pa.int32()) for name in COUNTS),
        *((name, pa.string()) for name in HINTS),
    ]
)
"""One row per candidate, by ascending id: the image file below the raw folder, its instances of
every class and size on the painted mask, and its marks of improper annotation, each a list of
names parted by spaces (see `lvis_annotations.Hints`)."""


@dataclass(frozen=True)
class Candidates:
    """The table of candidates, read and checked."""

    table: pd.DataFrame

    @property
    def ids(self) -> list[str]:
        """The image ids, ascending."""
        return list(self.table["image"])

    @property
    def counts(self) -> np.ndarray:
        """Instances of every image, class and size: images × 20 × 3, int64."""
        columns = self.table[list(COUNTS)].to_numpy(np.int64)
        return columns.reshape(len(columns), len(VOC_CLASSES), len(SIZES))

    def marked(self, hint: str) -> np.ndarray:
        """Tell which images have a mark, bool."""
        return (self.table[hint] != "").to_numpy(bool)

    def only(self, kept: np.ndarray) -> "Candidates":
        """Return the candidates for which `kept`, bool, is true."""
        return Candidates(self.table[kept].reset_index(drop=True))


def find_candidates(
    raw: str | Path,
    parameters: LvisParameters,
    size_limits: tuple[int, int],
    output: str | Path,
    workers: int = 1,
) -> int:
    """Write the table of candidates, a parquet file of `SCHEMA`, and return their number.

    Only annotations are read, no images. The bytes do not depend on the number of workers.

    Args:
        raw: the folder of annotations and images.
        parameters: files and categories.
        size_limits: areas in pixels where medium and large begin.
        output: the file to write.
        workers: processes that paint masks.

    Raises:
        DatasetError: the raw data cannot be used, or no image shows any of the classes.
    """
    raw = Path(raw)
    images = [image for image in read_images(raw, parameters) if image.entry.coco.annotations]
    count = partial(_count, size_limits=size_limits)
    counted = progress(ordered_map(count, images, workers), "Counting instances", len(images))
    rows = [
        (image.image_id, image.entry.coco.file_name, *counts.ravel().tolist(), *_texts(image))
        for image, counts in zip(images, counted, strict=True)
        if counts.any()
    ]
    if not rows:
        raise DatasetError(f"{raw}: no image shows an instance of any of the 20 classes")
    frame = pd.DataFrame(rows, columns=SCHEMA.names)
    table = pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False)
    with publish_file(output) as partial_file:
        write_parquet(table.replace_schema_metadata(None), partial_file)
    return len(rows)


def read_candidates(path: Path) -> Candidates:
    """Return the table that `find_candidates` wrote.

    Raises:
        DatasetError: the file is missing, or something else.
    """
    try:
        table = parquet.read_table(whole_parquet(path))
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such table of candidates") from error
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{path}: unreadable table of candidates ({error})") from error
    if table.schema.remove_metadata() != SCHEMA:
        raise DatasetError(
            f"{path}: its columns are not those that `smallobjects find-candidates` writes; "
            "write it again"
        )
    return Candidates(table.to_pandas())


def _count(image: LvisImage, size_limits: tuple[int, int]) -> np.ndarray:
    """Return the painted instances by class and size: 20 × 3, int64."""
    painted = image.paint()
    areas = np.bincount(painted.instances.ravel())
    counts = np.zeros((len(VOC_CLASSES), len(SIZES)), np.int64)
    for instance_id, class_id in painted.instance_classes.items():
        size = np.searchsorted(size_limits, areas[instance_id], side="right")
        counts[class_id - 1, size] += 1
    return counts


def _texts(image: LvisImage) -> list[str]:
    """Return the hints as text; the one category name with a space in it gets an underscore."""
    return [
        " ".join(name.replace(" ", "_") for name in getattr(image.hints, hint)) for hint in HINTS
    ]
