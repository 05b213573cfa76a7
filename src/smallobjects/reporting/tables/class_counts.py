"""Figure 1 of the supplement as data: how many instances of each class and size a dataset has."""

from collections.abc import Sequence

import pandas as pd

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.reporting.tables.cells import DescribedDataset
from smallobjects.reporting.tables.instance_counts import SIZES, counted_instances

COLUMNS = ("dataset", "class_id", "class", "size", "instances")


def count_classes(datasets: Sequence[DescribedDataset]) -> pd.DataFrame:
    """Count the instances of each dataset by class and size.

    Args:
        datasets: which datasets and splits.

    Returns:
        Columns dataset (title), class_id (1..C), class (name), size (of `SIZES`) and instances; a
        row for every class and size, with or without instances, by class id.

    Raises:
        FileNotFoundError: a dataset or its split is not there.
        ValueError: an instance has an unknown size.
    """
    return pd.concat([_count(dataset) for dataset in datasets], ignore_index=True)


def _count(dataset: DescribedDataset) -> pd.DataFrame:
    names = PreparedDataset.open(dataset.path).class_names
    counts = counted_instances(dataset).groupby(["class_id", "size"]).size()
    rows = [
        (dataset.title, class_id, names[class_id], size, int(counts.get((class_id, size), 0)))
        for class_id in range(1, len(names))
        for size in SIZES
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
