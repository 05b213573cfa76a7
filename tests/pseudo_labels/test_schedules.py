import math

import pytest

from smallobjects.pseudo_labels.training.schedules import one_cycle_factor, poly_factor


def test_poly():
    assert poly_factor(0, 10, 0.9) == 1
    assert math.isclose(poly_factor(5, 10, 0.9), 0.5**0.9)
    assert poly_factor(10, 10, 0.9) == 0


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 300])
def test_one_cycle_rises_then_falls(steps):
    factors = [one_cycle_factor(step, steps) for step in range(steps)]
    assert all(0 <= factor <= 1 for factor in factors)
    peak = factors.index(max(factors))
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    if steps >= 10:
        assert factors[0] == pytest.approx(0.04)
        assert max(factors) == pytest.approx(1)
        assert factors[-1] < 0.1
