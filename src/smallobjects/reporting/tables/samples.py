"""Figure 3 of the supplement as data: which images are shown of each dataset."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from smallobjects.reporting.tables.cells import DescribedDataset
from smallobjects.reporting.tables.instance_counts import SIZES, counted_instances

COLUMNS = ("dataset", "image", *SIZES)


def choose_samples(datasets: Sequence[DescribedDataset], count: int, seed: int) -> pd.DataFrame:
    """Draw images of each dataset at random.

    They are drawn without replacement, each with the same probability, from the images of the split
    that have a small instance and another one; if these are too few, the rest is drawn from the
    others that have an instance. A dataset's images do not depend on the other datasets.

    Args:
        datasets: which datasets and splits.
        count: images per dataset; fewer if there are fewer with an instance.
        seed: random seed.

    Returns:
        Columns dataset (title), image, and the instances of each of `SIZES`; a row for each image,
        by dataset and image id.

    Raises:
        FileNotFoundError: a dataset or its split is not there.
        ValueError: an instance has an unknown size, or no image has an instance.
    """
    return pd.concat([_choose(dataset, count, seed) for dataset in datasets], ignore_index=True)


def _choose(dataset: DescribedDataset, count: int, seed: int) -> pd.DataFrame:
    rows = counted_instances(dataset)
    if rows.empty:
        raise ValueError(
            f"{dataset.path}: no image of split {dataset.split!r} has an instance; show another "
            "split or dataset"
        )
    sizes = pd.crosstab(rows["image"], rows["size"]).reindex(columns=list(SIZES), fill_value=0)
    preferred = (sizes["small"] > 0) & (sizes.sum(axis=1) > 1)
    rng = np.random.default_rng(seed)
    drawn = [*rng.permutation(sizes.index[preferred]), *rng.permutation(sizes.index[~preferred])]
    chosen = sizes.loc[sorted(drawn[:count])].reset_index()
    chosen.insert(0, "dataset", dataset.title)
    return chosen[list(COLUMNS)]
