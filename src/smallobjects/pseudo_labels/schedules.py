"""Learning rates over the steps of a training, as a factor of the initial rate."""

import math
from collections.abc import Sequence

WARM_UP = 0.3
WARM_UP_FROM = 0.04


def poly_factor(step: int, steps: int, power: float) -> float:
    """Return (1 − step / steps)^power; `step` counts from 0."""
    return (1 - step / steps) ** power


def one_cycle_factor(step: int, steps: int) -> float:
    """Return the factor of a rate that rises along a cosine to 1, then falls along one to 0.

    The rise takes 30 % of the steps and starts at 1/25, as is usual for this schedule.
    """
    peak = max(1.0, WARM_UP * steps)
    if step < peak:
        return WARM_UP_FROM + (1 - WARM_UP_FROM) * (1 - math.cos(math.pi * step / peak)) / 2
    return (1 + math.cos(math.pi * (step - peak) / max(1.0, steps - peak))) / 2


def step_factor(step: int, decay_at: Sequence[int], factor: float = 0.1) -> float:
    """Return `factor` to the power of the number of steps in `decay_at` that are reached."""
    return factor ** sum(step >= reached for reached in decay_at)
