"""The balanced selection: against every selection there is, and at the paper's number of images."""

import hashlib
import importlib.util
import itertools
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallobjects.datasets.layouts.lvis.parameters import SelectionParameters
from smallobjects.datasets.pascal_b.balanced_selection import balanced_targets, select_balanced

PUBLISHED = SelectionParameters()
SHARES = np.array([1245, 1468, 1283]) / 3996


@pytest.fixture(scope="module")
def long_tailed(repository):
    path = repository / "benchmarks" / "selection.py"
    spec = importlib.util.spec_from_file_location("selection_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.long_tailed


def imbalance(counts, chosen, targets, weight):
    """f as the module's description states it, in plain Python."""
    selected = sum(counts[i] for i in np.flatnonzero(chosen))
    cells = sum(abs(int(n) - int(t)) for n, t in zip(selected.flat, targets.flat, strict=True))
    sizes = zip(selected.sum(0), targets.sum(0), strict=True)
    return cells + weight * sum(abs(int(n) - int(t)) for n, t in sizes)


def best_of_all(counts, targets, images, weight):
    values = []
    for subset in itertools.combinations(range(len(counts)), images):
        chosen = np.isin(np.arange(len(counts)), subset)
        values.append(imbalance(counts, chosen, targets, weight))
    return min(values)


counts_of_few = arrays(np.int64, st.tuples(st.integers(1, 9), st.just(3), st.just(2)),
                       elements=st.integers(0, 4))  # fmt: skip


@settings(max_examples=60)
@given(counts_of_few, st.data())
def test_few_images_are_selected_as_well_as_can_be(counts, data):
    images = data.draw(st.integers(1, len(counts)))
    targets = data.draw(arrays(np.int64, (3, 2), elements=st.integers(0, 8)))
    weight = data.draw(st.sampled_from([0, 0.5, 1, 2]))
    found = select_balanced(counts, targets, images, weight, tolerance=0, nodes=10_000)
    best = best_of_all(counts, targets, images, weight)
    assert found.chosen.sum() == images
    assert found.objective == pytest.approx(imbalance(counts, found.chosen, targets, weight))
    assert found.objective == pytest.approx(best)
    assert found.bound <= best + 1e-6


def test_an_odd_weight_makes_the_objective_even():
    """A third of one image and two thirds of the other are off by 2/3, so that no whole is below 2.

    With an even weight nothing but whole numbers is known, with a broken one not even that.
    """
    counts, targets = np.array([[[1], [0]], [[0], [3]]]), np.array([[1], [1]])
    bounds = [select_balanced(counts, targets, 1, weight).bound for weight in (1, 2, 0.5)]
    assert bounds == [2, 1, pytest.approx(0.5)]
    assert select_balanced(counts, targets, 1).objective == 2


def test_targets_are_as_even_as_there_are_instances():
    available = np.array([[2, 50], [100, 0], [30, 7], [100, 50]])
    targets = balanced_targets(available, (90, 200))
    assert targets.tolist() == [[2, 50], [30, 0], [29, 7], [29, 50]]
    assert balanced_targets(available, (0, 3)).tolist() == [[0, 1], [0, 0], [0, 1], [0, 1]]


@given(arrays(np.int64, (5, 2), elements=st.integers(0, 30)), st.integers(0, 120))
def test_no_target_could_be_evened_out(available, wanted):
    targets = balanced_targets(available, (wanted, wanted))
    assert (targets <= available).all()
    assert targets.sum(0).tolist() == np.minimum(available.sum(0), wanted).tolist()
    for size in range(2):
        more = available[:, size] > targets[:, size]
        if more.any():
            assert targets[:, size].max() - targets[more, size].min() <= 1


def select(counts, seed=PUBLISHED.seed):
    targets = balanced_targets(counts.sum(0), PUBLISHED.size_targets)
    return select_balanced(
        counts,
        targets,
        PUBLISHED.images,
        PUBLISHED.size_weight,
        seed,
        PUBLISHED.tolerance,
        PUBLISHED.nodes,
        PUBLISHED.rounds,
    )


@pytest.mark.parametrize("drawn", range(5))
def test_at_the_papers_size_the_selection_is_near_its_bound(long_tailed, drawn):
    counts = long_tailed(15_000, drawn)
    start = time.process_time()
    found = select(counts)
    assert time.process_time() - start < 60
    assert found.chosen.sum() == 1137
    assert found.bound <= found.objective <= 1.02 * found.bound
    selected = counts[found.chosen].sum((0, 1))
    assert abs(selected.sum() - 3996) < 0.01 * 3996
    assert np.abs(selected / selected.sum() - SHARES).max() < 0.03


def test_it_is_far_better_balanced_than_chance(long_tailed):
    counts = long_tailed(15_000, 2)
    targets = balanced_targets(counts.sum(0), PUBLISHED.size_targets)
    rng = np.random.default_rng(0)
    by_chance = np.isin(np.arange(15_000), rng.choice(15_000, 1137, replace=False))
    assert select(counts).objective < 0.1 * imbalance(counts, by_chance, targets, 1)


SCRIPT = """
import hashlib, importlib.util, sys
sys.path.insert(0, sys.argv[1])
from test_balanced_selection import select
spec = importlib.util.spec_from_file_location("b", sys.argv[2])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(hashlib.sha256(select(module.long_tailed(15_000, 2)).chosen.tobytes()).hexdigest())
"""


def test_one_seed_is_one_selection_and_another_is_another(long_tailed, repository):
    first = select(long_tailed(15_000, 2))
    arguments = [repository / "tests/datasets", repository / "benchmarks/selection.py"]
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    again = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert again == hashlib.sha256(first.chosen.tobytes()).hexdigest()
    other = select(long_tailed(15_000, 2), seed=1)
    assert (other.chosen != first.chosen).sum() > 20
    assert other.objective <= 1.02 * other.bound


def test_images_of_a_kind_are_drawn_at_random():
    counts = np.ones((50, 1, 1), np.int64)
    drawn = [select_balanced(counts, np.array([[5]]), 5, seed=seed) for seed in range(200)]
    assert all(each.objective == 0 and each.chosen.sum() == 5 for each in drawn)
    often = np.sum([each.chosen for each in drawn], axis=0)
    assert often.sum() == 1000
    # Binomial with 200 draws of 0.1: mean 20, standard deviation 4.2.
    assert often.min() > 3
    assert often.max() < 40
