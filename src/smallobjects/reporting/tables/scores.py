"""Table 2 as data: one row per cell, with means over its seeds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, Field, NonNegativeInt, ValidationError

from smallobjects.publishing.checksums import check_recorded
from smallobjects.reporting.tables.cells import ScoreCell

METRICS = ("miou", "ia_miou", "ia_s", "ia_m", "ia_l")
KEYS = ("supervision", "labels", "segmentor", "dataset", "loss")
COLUMNS = (*KEYS, "seeds", *METRICS, "instances", "remark")

Fraction = Annotated[float, Field(ge=0, le=1)] | None


class InstanceCount(BaseModel):
    """The part of a summary's counts that the table names."""

    total: NonNegativeInt


class Summary(BaseModel):
    """The part of a summary.json that the table needs; `None` where nothing was averaged."""

    miou: Fraction
    ia_miou: Fraction
    ia_s: Fraction
    ia_m: Fraction
    ia_l: Fraction
    instances: InstanceCount


def score_table(cells: Sequence[ScoreCell]) -> tuple[pd.DataFrame, list[Path]]:
    """Read the scores of all cells.

    A cell counts as missing as long as one of its seeds is: a mean over other seeds than those of
    the cell beside it would be no fair comparison.

    Args:
        cells: the cells, in the order of the rows.

    Returns:
        A table with the columns `COLUMNS` (scores in percent, mean over seeds, missing where there
        are none; seeds such as "0 1 2"; instances scored per seed; remarks), and the paths of the
        summaries that do not exist, each once.

    Raises:
        ValueError: a summary is no summary, or the seeds of a cell were scored on different
            numbers of instances.
    """
    missing = [path for cell in cells for path in cell.scores.values() if not path.is_file()]
    rows = [_row(cell) for cell in cells]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table[list(METRICS)] = table[list(METRICS)].astype("float64")
    table["instances"] = table["instances"].astype("Int64")
    return table, list(dict.fromkeys(missing))


def _row(cell: ScoreCell) -> dict[str, Any]:
    seeds = sorted(cell.scores)
    row = {key: getattr(cell, key) for key in (*KEYS, "remark")}
    row["seeds"] = " ".join(map(str, seeds))
    paths = [cell.scores[seed] for seed in seeds]
    if not all(path.is_file() for path in paths):
        return row
    summaries = [_read_summary(path) for path in paths]
    counts = {summary.instances.total for summary in summaries}
    if len(counts) > 1:
        raise ValueError(
            f"{paths[0]} and the other seeds of its cell were scored on different numbers of "
            f"instances: {sorted(counts)}; score them again on the same images"
        )
    return row | _means(summaries) | {"instances": counts.pop()}


def _means(summaries: list[Summary]) -> dict[str, float | None]:
    """Return the means in percent; a score that one seed lacks is missing."""
    means = {}
    for metric in METRICS:
        values = [getattr(summary, metric) for summary in summaries]
        defined = all(value is not None for value in values)
        means[metric] = 100 * sum(values) / len(values) if defined else None
    return means


def _read_summary(path: Path) -> Summary:
    """Read what `smallobjects score` wrote.

    Raises:
        ValueError: the file is not JSON, or lacks a score that the tables need, or has changed
            since it was written.
    """
    check_recorded(path)
    try:
        return Summary.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(
            f"{path}: not what `smallobjects score` writes ({place or 'content'}: {first['msg']}); "
            "remove it and score again"
        ) from error
