"""Settings that were tried, and how good each is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smallobjects.pseudo_labels.errors import BadInputError


@dataclass(frozen=True)
class Trial:
    """Thresholds, and what they reach."""

    settings: Mapping[str, float]
    """By the name of the parameter, such as `background_threshold`."""
    value: float | None
    """The criterion: higher is better. None where nothing can be said."""
    beside: Mapping[str, float] = field(default_factory=dict)
    """What else is worth knowing, such as the share of unsure pixels."""
    allowed: bool = True
    """Whether it may be chosen."""


def best_trial(trials: Sequence[Trial]) -> Trial:
    """Return the trial with the highest value among those allowed; the first of equal ones.

    Raises:
        BadInputError: there is none.
    """
    chosen = [trial for trial in trials if trial.allowed and trial.value is not None]
    if not chosen:
        raise BadInputError(
            "no threshold can be judged on these images: none has a class, or every setting leaves "
            "too many pixels unsure; take more images, or another grid"
        )
    return max(chosen, key=lambda trial: trial.value)


def trial_of(trials: Sequence[Trial], settings: Mapping[str, float]) -> Trial | None:
    """Return the trial of these settings; None if they were not tried."""
    return next((trial for trial in trials if trial.settings == settings), None)
