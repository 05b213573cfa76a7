"""The uncertainty of score tables: bootstrap intervals over images, of values and of gains."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt, ValidationError

from smallobjects.metrics.bootstrap import Bootstrap, check_same_images, interval, mean_scores
from smallobjects.metrics.image_sums import ImageSums, image_sums
from smallobjects.publishing.checksums import file_checksum
from smallobjects.reporting.tables.cells import ScoreCell
from smallobjects.reporting.tables.score_tables import read_score_table
from smallobjects.reporting.tables.scores import METRICS

COLUMNS = (
    "level",
    *(f"{metric}_{end}" for metric in METRICS for end in ("low", "high")),
    *(f"{metric}_gain_{end}" for metric in METRICS for end in ("low", "high")),
)


class BootstrapSettings(BaseModel):
    """How the intervals of a summary were made."""

    resamples: PositiveInt
    seed: NonNegativeInt
    level: Annotated[float, Field(gt=0, lt=1)]


class SummarySettings(BaseModel):
    """The part of a summary.json that says how to make its intervals again."""

    per_class: list[Any]
    bootstrap: BootstrapSettings
    checksums: dict[str, str] = {}
    """SHA-256 of the tables that were written beside it, by their names."""


def with_intervals(table: pd.DataFrame, cells: Sequence[ScoreCell]) -> pd.DataFrame:
    """Add the intervals of every value and gain, from the tables beside each summary.json.

    Every resample draws the same images for all seeds and losses of a combination. The interval of
    a value is that of the mean over seeds. The interval of a gain is paired: value with the loss
    minus value with cross-entropy, resample by resample; it stands in the row of the loss.

    Args:
        table: the score table of these cells, in their order.
        cells: the cells.

    Returns:
        The table and the columns `COLUMNS`: level (a share), and the ends in percent and in
        percentage points; missing where a score is.

    Raises:
        ValueError: a file beside a summary.json is missing or does not belong to it, the scores
            that are compared are of different images, or the summaries were made with different
            settings.
    """
    found = [cell for cell in cells if all(path.is_file() for path in cell.scores.values())]
    bootstrap = _common_bootstrap([path for cell in found for path in cell.scores.values()])
    added = pd.DataFrame(np.nan, index=table.index, columns=list(COLUMNS))
    combinations: dict[tuple, dict[str, int]] = defaultdict(dict)
    for position, cell in enumerate(cells):
        if cell in found:
            key = (cell.supervision, cell.labels, cell.segmentor, cell.dataset)
            combinations[key][cell.loss] = position
    for positions in combinations.values():
        _fill(added, {loss: (k, cells[k]) for loss, k in positions.items()}, bootstrap)
    return pd.concat([table, added], axis=1)


def _fill(
    added: pd.DataFrame, arms: dict[str, tuple[int, ScoreCell]], bootstrap: Bootstrap
) -> None:
    """Fill in the rows of one combination, whose losses are compared."""
    first: ImageSums | None = None
    scores = {}
    for loss, (position, cell) in arms.items():
        paths = list(cell.scores.values())
        runs = [_read_sums(path) for path in paths]
        try:
            first = first or runs[0]
            check_same_images(first, runs[0])
            scores[loss] = mean_scores(runs, bootstrap)
        except ValueError as error:
            raise ValueError(f"{paths[0]}: {error}") from error
        added.loc[position, "level"] = bootstrap.level
        for metric in METRICS:
            ends = interval(100 * scores[loss][metric], bootstrap.level)
            _set(added, position, metric, ends)
    for loss in arms.keys() - {"ce"} if "ce" in arms else ():
        for metric in METRICS:
            gains = 100 * (scores[loss][metric] - scores["ce"][metric])
            _set(added, arms[loss][0], f"{metric}_gain", interval(gains, bootstrap.level))


def _set(added: pd.DataFrame, position: int, name: str, ends: list[float] | None) -> None:
    if ends is not None:
        added.loc[position, [f"{name}_low", f"{name}_high"]] = ends


def _common_bootstrap(paths: Sequence[Path]) -> Bootstrap:
    """Return how the summaries were resampled.

    Raises:
        ValueError: they differ, or one has no intervals.
    """
    settings = {path: _read_settings(path).bootstrap for path in paths}
    for path, other in settings.items():
        if other != settings[paths[0]]:
            raise ValueError(
                f"{path}: made with {other}, but {paths[0]} with {settings[paths[0]]}; score "
                "again with the same settings"
            )
    return Bootstrap(**settings[paths[0]].model_dump()) if paths else Bootstrap()


def _read_settings(path: Path) -> SummarySettings:
    try:
        return SummarySettings.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(
            f"{path}: has no bootstrap intervals; score again, with --resamples above 0"
        ) from error


def _read_sums(summary: Path) -> ImageSums:
    """Read the tables that `smallobjects score` wrote beside a summary."""
    tables, settings = {}, _read_settings(summary)
    for name in ("instances", "areas"):
        path = summary.with_name(f"{name}.parquet")
        if not path.is_file():
            raise ValueError(
                f"{path}: missing, and intervals are made from it; score again with --{name}-output"
            )
        if settings.checksums.get(name, found := file_checksum(path)) != found:
            raise ValueError(
                f"{path}: is not the table that {summary.name} was written with; remove both and "
                "score again"
            )
        tables[name] = read_score_table(path)
    num_classes = len(settings.per_class)
    try:
        return image_sums(tables["instances"], tables["areas"], num_classes)
    except ValueError as error:
        raise ValueError(f"{summary.parent}: {error}") from error
