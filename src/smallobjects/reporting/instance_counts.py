"""Table 1 as data: how many instances of each size a dataset has."""

from collections.abc import Sequence

import pandas as pd

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.reporting.cells import CountedDataset

SIZES = ("large", "medium", "small")
COLUMNS = ("dataset", "size", "instances", "share")


def count_instances(datasets: Sequence[CountedDataset]) -> pd.DataFrame:
    """Count the instances of each dataset by size.

    Args:
        datasets: which datasets and splits.

    Returns:
        Columns dataset (title), size ("large", "medium", "small", "total"), instances (int) and
        share (percent of the dataset's instances, missing if it has none).

    Raises:
        FileNotFoundError: a dataset or its split is not there.
        ValueError: an instance has an unknown size.
    """
    tables = [share_by_size(dataset.title, _counts(dataset)) for dataset in datasets]
    return pd.concat(tables, ignore_index=True)


def selection_notes(datasets: Sequence[CountedDataset]) -> list[str]:
    """Return a sentence on each dataset whose images this project selected.

    Raises:
        FileNotFoundError: a dataset is not there.
    """
    notes = []
    for dataset in datasets:
        selection = PreparedDataset.open(dataset.path).description.get("selection")
        if selection:
            notes.append(f"{dataset.title}: {selection['statement']}")
    return notes


def share_by_size(title: str, counts: dict[str, int]) -> pd.DataFrame:
    """Return the rows of one dataset, given its instances of each of `SIZES`."""
    total = sum(counts[size] for size in SIZES)
    rows = [(title, size, counts[size]) for size in SIZES] + [(title, "total", total)]
    table = pd.DataFrame(rows, columns=list(COLUMNS[:3]))
    table["share"] = 100 * table["instances"] / total if total else float("nan")
    return table


def _counts(dataset: CountedDataset) -> dict[str, int]:
    prepared = PreparedDataset.open(dataset.path)
    images = prepared.split(dataset.split)
    table = prepared.instance_table
    sizes = table.loc[table["image"].isin(images), "size"]
    unknown = set(sizes) - set(SIZES)
    if unknown:
        raise ValueError(
            f"{dataset.path / 'instances.parquet'}: size {min(map(str, unknown))!r} is none of "
            f"{SIZES}; prepare the dataset again"
        )
    return {size: int((sizes == size).sum()) for size in SIZES}
