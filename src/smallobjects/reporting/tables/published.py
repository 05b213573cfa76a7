"""Scores beside published ones, as data."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from smallobjects.reporting.tables.cells import ScoreCell
from smallobjects.reporting.tables.comparison import Entry, compare
from smallobjects.reporting.tables.scores import KEYS, METRICS

SHOWN = METRICS[:3]
"""The scores of the supplement's Table 2."""
COLUMNS = (
    *("segmentor", "dataset", "metric", "value", "gain"),
    *("published_value", "published_gain", "value_difference", "gain_difference"),
)


@dataclass(frozen=True)
class Beside:
    """What was found and what is published of one score of one network."""

    segmentor: str
    dataset: str
    metric: str
    """One of `SHOWN`."""
    found: Entry
    published: Entry
    difference: Entry
    """Found minus published, of the values and of the gains; None where one is missing."""


def beside_published(table: pd.DataFrame, cells: Sequence[ScoreCell]) -> list[Beside]:
    """Compare the scores of fully supervised networks with published ones.

    Args:
        table: the score table of these cells (`tables.scores.score_table`), of one
            label source.
        cells: the cells.

    Returns:
        Network by network, dataset by dataset, score by score, in the order of the table.
    """
    published = {(row.segmentor, row.dataset): row.scores for row in _published(cells)}
    missing = Entry(None, None, None)
    return [
        _beside(row.segmentor, dataset, metric, entries[metric], theirs.get(metric, missing))
        for row in compare(table)
        for dataset, entries in row.entries.items()
        for theirs in [published.get((row.segmentor, dataset), {})]
        for metric in SHOWN
    ]


def as_table(rows: Sequence[Beside]) -> pd.DataFrame:
    """Return the same with the columns `COLUMNS`: percent, and percentage points of gains."""
    values = [
        (
            *(row.segmentor, row.dataset, row.metric),
            *(row.found.value, row.found.gain),
            *(row.published.value, row.published.gain),
            *(row.difference.value, row.difference.gain),
        )
        for row in rows
    ]
    table = pd.DataFrame(values, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS[3:], "float64"))


@dataclass(frozen=True)
class _Published:
    segmentor: str
    dataset: str
    scores: dict[str, Entry]


def _published(cells: Sequence[ScoreCell]) -> list[_Published]:
    """Arrange the published scores of cells as values and gains."""
    rows = [
        {key: getattr(cell, key) for key in KEYS} | dict.fromkeys(METRICS) | cell.published
        for cell in cells
        if cell.published is not None
    ]
    table = pd.DataFrame(rows, columns=[*KEYS, *METRICS])
    return [
        _Published(row.segmentor, dataset, entries)
        for row in compare(table)
        for dataset, entries in row.entries.items()
    ]


def _beside(segmentor: str, dataset: str, metric: str, found: Entry, published: Entry) -> Beside:
    value = _minus(found.value, published.value)
    gain = _minus(found.gain, published.gain)
    difference = Entry(value, gain, found.arm)
    return Beside(segmentor, dataset, metric, found, published, difference)


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
