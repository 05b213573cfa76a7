"""A loss beside cross-entropy: `value (gain)`, as the paper prints it."""

from dataclasses import dataclass

import pandas as pd

from smallobjects.reporting.tables.cells import GAIN_ARMS, SUPERVISION_TITLES
from smallobjects.reporting.tables.scores import METRICS

Ends = tuple[float, float] | None


@dataclass(frozen=True)
class Entry:
    """One number of a table, in percent, and its gain, in percentage points."""

    value: float | None
    """None if it is missing."""
    gain: float | None
    """None if one of the two is missing."""
    arm: str | None
    """The loss that the gain belongs to; None if only cross-entropy is compared."""
    interval: Ends = None
    """The ends of the value's interval; None if it is missing or not asked for."""
    gain_interval: Ends = None
    """The ends of the gain's paired interval."""


@dataclass(frozen=True)
class ComparedRow:
    """A label source with a segmentor, on every dataset."""

    supervision: str
    labels: str
    segmentor: str
    entries: dict[str, dict[str, Entry]]
    """By dataset and metric; a dataset without this combination is not in it."""


@dataclass(frozen=True)
class ArmRow:
    """A label source with a segmentor and one loss, on every dataset."""

    labels: str
    segmentor: str
    loss: str
    """The name of an arm."""
    entries: dict[str, dict[str, Entry]]
    """By dataset and metric: the value with this loss, and its gain over cross-entropy."""


def compare(table: pd.DataFrame) -> list[ComparedRow]:
    """Arrange a score table as rows of values and gains.

    Args:
        table: the columns of `tables.scores.COLUMNS`, scores in percent, and those
            of `tables.intervals.COLUMNS` if intervals are shown.

    Returns:
        Rows by supervision, in the order of `SUPERVISION_TITLES`, and within it in the order of
        the table.
    """
    rows = []
    for supervision in SUPERVISION_TITLES:
        part = table[table["supervision"] == supervision]
        for (labels, segmentor), cells in part.groupby(["labels", "segmentor"], sort=False):
            entries = {
                dataset: _entries(arms) for dataset, arms in cells.groupby("dataset", sort=False)
            }
            rows.append(ComparedRow(supervision, labels, segmentor, entries))
    return rows


def compare_arms(table: pd.DataFrame) -> list[ArmRow]:
    """Arrange a score table with a row for every loss, in the order of the table.

    Args:
        table: as for `compare`.
    """
    rows = []
    for (labels, segmentor), cells in table.groupby(["labels", "segmentor"], sort=False):
        by_dataset = {
            dataset: part.set_index("loss")
            for dataset, part in cells.groupby("dataset", sort=False)
        }
        for loss in dict.fromkeys(cells["loss"]):
            entries = {
                dataset: {metric: _arm_entry(arms, loss, metric) for metric in METRICS}
                for dataset, arms in by_dataset.items()
                if loss in arms.index
            }
            rows.append(ArmRow(labels, segmentor, loss, entries))
    return rows


def _arm_entry(by_loss: pd.DataFrame, loss: str, metric: str) -> Entry:
    """Return the value with a loss, and its gain over cross-entropy unless it is that."""
    value, plain = (_score(by_loss, each, metric) for each in (loss, "ce"))
    gain = None if value is None or plain is None else value - plain
    interval = _ends(by_loss, loss, metric)
    if loss == "ce":
        return Entry(value, None, None, interval)
    return Entry(value, gain, loss, interval, _ends(by_loss, loss, f"{metric}_gain"))


def _entries(arms: pd.DataFrame) -> dict[str, Entry]:
    """Return the entry of each metric, from the rows of one combination (one per loss)."""
    by_loss = arms.set_index("loss")
    arm = next((loss for loss in GAIN_ARMS if loss in by_loss.index), None)
    entries = {}
    for metric in METRICS:
        value = _score(by_loss, "ce", metric)
        other = _score(by_loss, arm, metric)
        gain = None if value is None or other is None else other - value
        interval = _ends(by_loss, "ce", metric)
        entries[metric] = Entry(value, gain, arm, interval, _ends(by_loss, arm, f"{metric}_gain"))
    return entries


def _ends(by_loss: pd.DataFrame, loss: str | None, name: str) -> Ends:
    """Return an interval, if the table has intervals and this one is there."""
    if f"{name}_low" not in by_loss:
        return None
    low, high = (_score(by_loss, loss, f"{name}_{end}") for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def _score(by_loss: pd.DataFrame, loss: str | None, metric: str) -> float | None:
    if loss not in by_loss.index:
        return None
    score = by_loss.loc[loss, metric]
    return None if pd.isna(score) else float(score)


def format_entry(
    entry: Entry | None, gain_pattern: str = "{}", dash: str = "–", signed: bool = False
) -> str:
    """Write an entry with one decimal, such as `67.8 (+0.8)`; what is missing is a dash.

    The gain is the difference of the unrounded values, then rounded; zero is `+0.0`.

    Args:
        entry: the entry; None is a dash.
        gain_pattern: put around the signed gain, whose minus is a hyphen.
        dash: the sign for what is missing.
        signed: write the value like a gain, as it is a difference.
    """
    if entry is None or entry.value is None:
        return dash
    value = gain_pattern.format(_signed(entry.value)) if signed else f"{entry.value:.1f}"
    if entry.arm is None:
        return value
    gain = dash if entry.gain is None else gain_pattern.format(_signed(entry.gain))
    return f"{value} ({gain})"


def _signed(number: float) -> str:
    # Adding zero turns the -0.0 that rounding can leave into 0.0.
    return f"{round(number, 1) + 0.0:+.1f}"


def format_intervals(
    entry: Entry | None, gain_pattern: str = "({})", separator: str = ", "
) -> tuple[str, str]:
    """Write the intervals of a value and of its gain, such as `[66.1, 69.4]` and `([+0.1, +1.5])`.

    Args:
        entry: the entry.
        gain_pattern: put around the signed interval of the gain, whose minus is a hyphen.
        separator: put between the ends.

    Returns:
        The two; empty for what is missing.
    """
    value = gain = ""
    if entry is not None and entry.interval is not None:
        value = f"[{separator.join(f'{end:.1f}' for end in entry.interval)}]"
    if entry is not None and entry.gain_interval is not None:
        ends = separator.join(map(_signed, entry.gain_interval))
        gain = gain_pattern.format(f"[{ends}]")
    return value, gain
