"""Runs and the sums over them, against the obvious way."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import scenes

from smallobjects.metrics.runs import distinct
from smallobjects.runs import joint_runs


@settings(max_examples=200, deadline=None)
@given(scenes())
def test_runs_are_those_of_a_loop(scene):
    expected = []
    stacked = np.stack(scene, axis=-1).tolist()
    for line in stacked:
        for x, values in enumerate(line):
            if x and values == line[x - 1]:
                expected[-1] += 1
            else:
                expected.append(1)
    runs = joint_runs(*scene)
    assert runs.length.tolist() == expected
    assert runs.start.tolist() == [0, *np.cumsum(expected)[:-1]]


@pytest.mark.parametrize("share", [0, 0.001, 0.02, 0.1, 0.5, 1])
@pytest.mark.parametrize("width", [100, 101])
def test_runs_of_few_and_of_many_changes(share, width):
    rng = np.random.default_rng(0)
    mask = (rng.random((201, width)) < share).astype(np.uint8) * rng.integers(1, 200, (201, width))
    runs = joint_runs(mask)
    changes = np.ones(mask.shape, bool)
    changes[:, 1:] = mask[:, 1:] != mask[:, :-1]
    assert runs.start.tolist() == np.flatnonzero(changes).tolist()
    assert runs.length.sum() == mask.size


def summed(values, amounts):
    sums = Counter()
    for *key, amount in zip(*(value.tolist() for value in values), amounts.tolist(), strict=True):
        sums[tuple(key)] += amount
    return sorted(sums.items())


# Spans that are counted, that are sorted as one number, and that one number does not hold.
SPANS = [(3, 2, 1), (300, 7, 40000), (2**30, 2**30, 2**20)]


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("low", [0, -5, 1000])
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40))
def test_distinct_combinations_are_those_of_a_dictionary(span, low, seed, count):
    rng = np.random.default_rng(seed)
    # Few of them, so that combinations repeat.
    values = [rng.choice(rng.integers(low, low + width, 3), count) for width in span]
    amounts = rng.integers(1, 2000, count)
    combinations, sums = distinct(values, amounts)
    keys = zip(*(combination.tolist() for combination in combinations), strict=True)
    assert list(zip(keys, sums.tolist(), strict=True)) == summed(values, amounts)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint64])
def test_distinct_takes_any_integers(dtype):
    values = np.array([7, 0, 7], dtype)
    (found,), sums = distinct([values], np.array([1, 2, 3]))
    assert found.tolist() == [0, 7]
    assert sums.tolist() == [2, 4]
