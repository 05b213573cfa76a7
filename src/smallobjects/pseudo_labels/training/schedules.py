"""Learning rates over the steps of a training, as a factor of the initial rate."""

import math
from collections.abc import Sequence

WARM_UP = 0.3
WARM_UP_FROM = 0.04
LINEAR_FROM = 0.1


def poly_factor(step: int, steps: int, power: float) -> float:
    """Return (1 − step / steps)^power; `step` counts from 0."""
    return (1 - step / steps) ** power


def warm_up_poly_factor(step: int, steps: int, warm_up: int, power: float) -> float:
    """Return the factor of a rate that rises linearly from 0.1 to 1, then falls as a power.

    Args:
        step: counts from 0.
        steps: of the whole training.
        warm_up: steps that the rise takes.
        power: of the fall, which takes the rest of the steps.
    """
    if step < warm_up:
        return LINEAR_FROM + (1 - LINEAR_FROM) * step / warm_up
    return poly_factor(step - warm_up, steps - warm_up, power)


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
