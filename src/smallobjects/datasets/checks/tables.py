"""Are the tables of a prepared dataset whole, and do their rows belong to its images?"""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from smallobjects.datasets.checks.findings import Finding
from smallobjects.datasets.tables import TABLES
from smallobjects.integrity.tables import whole_parquet


class RowsByImage:
    """The rows of a table by image."""

    def __init__(self, table: pa.Table) -> None:
        """Index a table whose first column is `image`."""
        image, *others = (column.to_pylist() for column in table.columns)
        self._by_image: dict[str, list[tuple]] = {}
        for image_id, *values in zip(image, *others, strict=True):
            self._by_image.setdefault(image_id, []).append(tuple(values))

    def __len__(self) -> int:
        return sum(map(len, self._by_image.values()))

    def images(self) -> set[str]:
        """Return the images that have a row."""
        return set(self._by_image)

    def of(self, image_id: str) -> list[tuple]:
        """Return the rows of an image, without the image's column, in their order."""
        return self._by_image.get(image_id, [])


def read_tables(
    root: Path, images: Collection[str]
) -> tuple[dict[str, RowsByImage], list[Finding]]:
    """Read all tables.

    Args:
        root: folder of the dataset.
        images: every image of the dataset.

    Returns:
        The rows of every table that could be read, and what is wrong with the tables.
    """
    tables, findings = {}, []
    for name, schema in TABLES.items():
        file = f"{name}.parquet"
        try:
            table = parquet.read_table(whole_parquet(root / file))
        except FileNotFoundError:
            findings.append(Finding(file, "missing"))
            continue
        except (pa.ArrowException, OSError, ValueError) as error:
            findings.append(Finding(file, f"cannot be read ({error})"))
            continue
        if not table.schema.equals(schema):
            found = ", ".join(f"{field.name} {field.type}" for field in table.schema)
            findings.append(Finding(file, f"has the columns {found}"))
            continue
        empty = [column for column in schema.names if table[column].null_count]
        if empty:
            findings.append(Finding(file, f"has empty fields in the column {empty[0]}"))
            continue
        tables[name] = RowsByImage(table)
        findings += [
            Finding(file, f"has rows of {image_id!r}, which is in no split")
            for image_id in sorted(tables[name].images() - set(images))
        ]
    return tables, findings
