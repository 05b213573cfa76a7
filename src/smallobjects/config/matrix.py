"""The cells of the experiment: one trained and scored model each, up to the seed."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Cell:
    """One cell of the tables, before its seeds."""

    dataset: str
    source: str
    """Where the labels come from: a method, `full`, or `external:<name>`."""
    segmentor: str
    loss: str


def external_name(source: str) -> str | None:
    """Return the name in `external:<name>`, or None for any other label source."""
    return source.removeprefix("external:") if source.startswith("external:") else None
