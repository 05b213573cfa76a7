"""Splits that cannot serve a dataset's two ends: models are evaluated on images they never saw."""

from collections.abc import Iterator, Mapping
from typing import Any

from smallobjects.config.contradictions.said import Said, plain

Splits = Mapping[str, Mapping[str, Any]]


def check_splits(dataset: Said) -> None:
    """Check that the evaluated split can be without the images that models are trained on.

    What only the lists can tell is found where the dataset is prepared.

    Raises:
        ConfigError: it is the training split, holds it or lies in it, or takes what it takes.
    """
    trained, evaluated = dataset.values["train"], dataset.values["evaluate"]
    if trained is None:
        return
    reason = _shared(dataset.values["splits"], trained, evaluated)
    if reason:
        raise dataset.error(
            "evaluate",
            f"{reason}, but {dataset.described('train')}; models must be evaluated on images that "
            f"they were not trained on: name another split, or one `without: [{trained}]`",
        )


def _shared(splits: Splits, trained: str, evaluated: str) -> str | None:
    """Return why two splits share images, if their settings tell so."""
    if trained == evaluated:
        return "the split that models are trained on"
    above_trained, above_evaluated = (list(_origins(splits, each)) for each in (trained, evaluated))
    if trained in above_evaluated or evaluated in above_trained:
        return f"{evaluated!r} and {trained!r} are one within the other"
    if any(splits[name]["without"] for name in above_trained + above_evaluated):
        return None
    one, other = splits[above_trained[-1]], splits[above_evaluated[-1]]
    if one["source"] == other["source"] and _overlap(one, other):
        return f"{evaluated!r} takes images of {plain(one['source'])} as {trained!r} does"
    return None


def _origins(splits: Splits, name: str | None) -> Iterator[str]:
    """Yield a split and those that it is a part of, the largest last."""
    while name is not None:
        yield name
        name = splits[name]["from"]


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two ranges of one list share images."""
    (first, end), (other_first, other_end) = (
        (split["first"], split["first"] + (split["count"] or float("inf")))
        for split in (one, other)
    )
    return first < other_end and other_first < end
