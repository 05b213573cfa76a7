"""The cells of the experiment: one trained and scored model each, up to the seed."""

from typing import NamedTuple


class MatrixRow(NamedTuple):
    """A row of the tables, on one dataset."""

    dataset: str
    source: str
    """Where the labels come from: a method, `full`, or `external:<name>`."""
    segmentor: str


class Cell(NamedTuple):
    """One cell of the tables, before its seeds: a row with one loss."""

    dataset: str
    source: str
    segmentor: str
    loss: str
    """The name of an arm (see `smallobjects.losses.arms`)."""


def external_name(source: str) -> str | None:
    """Return the name in `external:<name>`, or None for any other label source."""
    return source.removeprefix("external:") if source.startswith("external:") else None
