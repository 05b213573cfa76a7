"""The csv files of tables, recognised by their columns."""

from pathlib import Path
from typing import Literal

import pandas as pd

from smallobjects.reporting.tables import instance_counts, intervals, published, runtimes, scores

Kind = Literal["instances", "scores", "published", "runtimes"]
_NAMES = (*scores.KEYS, "seeds", "remark", "rule", "source")
_OLDER_SCORES = scores.COLUMNS[:-1]
"""Before there were remarks."""
_COLUMNS: dict[tuple[str, ...], Kind] = {
    instance_counts.COLUMNS: "instances",
    scores.COLUMNS: "scores",
    _OLDER_SCORES: "scores",
    (*_OLDER_SCORES, *intervals.COLUMNS): "scores",
    (*scores.COLUMNS, *intervals.COLUMNS): "scores",
    published.COLUMNS: "published",
    runtimes.COLUMNS: "runtimes",
}


def read_table(path: Path) -> tuple[Kind, pd.DataFrame]:
    """Read the csv file of a table, and say which table it is.

    Raises:
        ValueError: the file is no csv file, or that of no known table.
    """
    try:
        # Names such as "NA" are names; only an empty field is missing.
        table = pd.read_csv(
            path, dtype=dict.fromkeys(_NAMES, "str"), keep_default_na=False, na_values=[""]
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a csv file ({error})") from error
    kind = _COLUMNS.get(tuple(table.columns))
    if kind is None:
        raise ValueError(
            f"{path}: its columns are those of no known table; expected the csv file that "
            "`smallobjects table1`, `table2`, `supplement-table2`, `ablation` or `runtimes` writes"
        )
    return kind, table
