"""Table 1 as data: how many instances of each size a dataset has."""

from collections.abc import Sequence

import pandas as pd

from smallobjects.datasets.parameters import PublishedCounts
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.reporting.tables.cells import CountedDataset, DescribedDataset

SIZES = ("large", "medium", "small")
COLUMNS = ("dataset", "size", "instances", "share", "published", "published_share")


def count_instances(datasets: Sequence[CountedDataset]) -> pd.DataFrame:
    """Count the instances of each dataset by size.

    Args:
        datasets: which datasets and splits.

    Returns:
        Columns dataset (title), size ("large", "medium", "small", "total"), instances (int), share
        (percent of the dataset's instances, missing if it has none), and the same two as they are
        published (missing where nothing is).

    Raises:
        FileNotFoundError: a dataset or its split is not there.
        ValueError: an instance has an unknown size.
    """
    tables = [
        instance_table(dataset.title, _counts(dataset), dataset.published) for dataset in datasets
    ]
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


def instance_table(
    title: str, counts: dict[str, int], published: PublishedCounts | None = None
) -> pd.DataFrame:
    """Return the rows of one dataset, given its instances of each of `SIZES`."""
    table = pd.DataFrame({"dataset": title, "size": [*SIZES, "total"]})
    table["instances"], table["share"] = _with_total(counts)
    shown = (None, None) if published is None else _with_total(published.model_dump())
    table["published"] = pd.array(shown[0] or [None] * len(table), "Int64")
    table["published_share"] = pd.array(shown[1] or [None] * len(table), "Float64")
    return table


def _with_total(counts: dict[str, int]) -> tuple[list[int], list[float]]:
    """Return the counts of `SIZES` and their sum, and what percentage of the sum each is."""
    total = sum(counts[size] for size in SIZES)
    values = [*(counts[size] for size in SIZES), total]
    return values, [100 * value / total if total else float("nan") for value in values]


def counted_instances(dataset: DescribedDataset) -> pd.DataFrame:
    """Return the rows of a dataset's table of instances that are in its split.

    Raises:
        FileNotFoundError: the dataset or its split is not there.
        ValueError: an instance has an unknown size.
    """
    prepared = PreparedDataset.open(dataset.path)
    table = prepared.instance_table
    rows = table[table["image"].isin(prepared.split(dataset.split))]
    unknown = set(rows["size"]) - set(SIZES)
    if unknown:
        raise ValueError(
            f"{dataset.path / 'instances.parquet'}: size {min(map(str, unknown))!r} is none of "
            f"{SIZES}; prepare the dataset again"
        )
    return rows


def _counts(dataset: CountedDataset) -> dict[str, int]:
    sizes = counted_instances(dataset)["size"]
    return {size: int((sizes == size).sum()) for size in SIZES}
