"""The table of scored instances that `smallobjects score` wrote: filtered, sorted, page by page."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from smallobjects.integrity.tables import whole_parquet

SIZES = ("small", "medium", "large")
COLUMNS = ("image", "class_id", "instance_id", "area", "size", "iou")
ORDERS = ("iou", "area", "image", "class_id")
BINS = 10
"""Of the histogram of IoU."""


class ViewError(ValueError):
    """Something that cannot be viewed; the message names the file, the value and the remedy."""


@dataclass(frozen=True)
class Query:
    """Which rows are asked for."""

    classes: frozenset[int] = frozenset()
    """Class ids; none: all but the background."""
    sizes: frozenset[str] = frozenset()
    """Some of `SIZES`; none: all."""
    lowest: float = 0.0
    """IoU, 0..1; rows at both ends are in."""
    highest: float = 1.0
    image: str = ""
    """A part of the image's id."""
    order: str = "iou"
    """One of `ORDERS`; rows that are equal in it keep the order of the file."""
    descending: bool = False


@dataclass(frozen=True)
class InstanceRows:
    """N scored instances, without the background."""

    columns: dict[str, np.ndarray]
    """Those of `COLUMNS`, N values each."""

    def __len__(self) -> int:
        return len(self.columns["iou"])

    def find(self, query: Query) -> np.ndarray:
        """Return the indices of the rows that are asked for, in their order."""
        iou, class_id, size = (self.columns[name] for name in ("iou", "class_id", "size"))
        kept = (iou >= query.lowest) & (iou <= query.highest)
        if query.classes:
            kept &= np.isin(class_id, list(query.classes))
        if query.sizes:
            kept &= np.isin(size, list(query.sizes))
        if query.image:
            kept &= np.char.find(self.columns["image"], query.image) >= 0
        found = np.flatnonzero(kept)
        keys = self.columns[query.order][found]
        if query.descending:
            return found[::-1][np.argsort(keys[::-1], kind="stable")[::-1]]
        return found[np.argsort(keys, kind="stable")]

    def records(self, indices: np.ndarray) -> list[dict]:
        """Return rows as dictionaries, with their `row`."""
        picked = {name: values[indices].tolist() for name, values in self.columns.items()}
        named = [dict(zip(picked, row, strict=True)) for row in zip(*picked.values(), strict=True)]
        return [{"row": int(i), **row} for i, row in zip(indices, named, strict=True)]

    def histogram(self, indices: np.ndarray) -> list[int]:
        """Return how many rows have an IoU in each of `BINS` equal parts of 0..1."""
        return np.histogram(self.columns["iou"][indices], BINS, (0, 1))[0].tolist()

    def of_image(self, image: str) -> np.ndarray:
        """Return the indices of the rows of one image."""
        return np.flatnonzero(self.columns["image"] == image)


def read_rows(path: Path) -> InstanceRows:
    """Return the table of instances that `score --instances-output` wrote.

    Raises:
        ViewError: it is something else, or names an image by a path.
    """
    try:
        table = parquet.read_table(whole_parquet(path), columns=list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        raise ViewError(
            f"{path}: no table of scored instances ({error}); "
            "`smallobjects score --instances-output` writes one"
        ) from error
    columns = {name: table.column(name).to_numpy() for name in COLUMNS}
    kept = columns["class_id"] > 0
    columns = {name: values[kept] for name, values in columns.items()}
    for name in ("image", "size"):
        columns[name] = columns[name].astype(str)
    for image in np.unique(columns["image"]).tolist():
        if Path(image).name != image or image == "..":
            raise ViewError(f"{path}: {image!r} is no image id; ids are file names without suffix")
    return InstanceRows(columns)
