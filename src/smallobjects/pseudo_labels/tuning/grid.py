"""The thresholds that are tried."""

from collections.abc import Iterable

from smallobjects.pseudo_labels.errors import BadInputError

DIGITS = 4


def threshold_grid(
    first: float, last: float, step: float, further: Iterable[float] = ()
) -> list[float]:
    """Return first, first + step, … up to last, and further values, ascending and once each.

    All lie in [0, 1] and are rounded to 4 digits.

    Raises:
        BadInputError: the step is 0, or the first is above the last.
    """
    if step <= 0 or first > last:
        raise BadInputError(
            f"--grid {first:g} {last:g} {step:g}: give FIRST ≤ LAST and a STEP above 0"
        )
    count = int((last - first) / step + 1e-6) + 1
    values = [first + number * step for number in range(count)]
    return sorted({round(value, DIGITS) for value in (*values, *further)})
