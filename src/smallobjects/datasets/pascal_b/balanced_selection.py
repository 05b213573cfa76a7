"""Choose images so that their instances are balanced over classes and sizes (supplement, 1.2).

The paper says "randomly sampled to ensure the balance" and no more. Here balance is an objective:
with n the instances of the selection by class c and size s, and t the targets, minimise

    f = Σ_cs |n_cs − t_cs| + w Σ_s |n_s − t_s|,

in words the instances too many and too few, over exactly k images. Images with the same instances
are interchangeable: how many of each kind to take is an integer program (`integer_program.py`),
and which ones is drawn at random. The program's linear relaxation bounds f from below. A search
by branch and bound decides on the kinds that cost least to change; then further searches start
from the best selection so far and decide on other kinds, drawn at random with a preference for
cheap ones. Nothing stops by the clock, so the result is the same on every machine.
"""

from dataclasses import dataclass

import numpy as np

from smallobjects.datasets.pascal_b.integer_program import SelectionProgram

CHEAP = 0.1
"""Kinds that cost less than this to change, in instances, are all decided on at once,"""
SMALLEST_CORE, LARGEST_CORE = 1000, 4000
"""within these numbers."""
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Selection:
    """A balanced selection."""

    chosen: np.ndarray
    """Which images are selected, bool."""
    objective: float
    """f of the selection, in instances."""
    bound: float
    """No selection has a lower f."""


def balanced_targets(available: np.ndarray, size_targets: tuple[int, ...]) -> np.ndarray:
    """Spread the instances of each size over the classes as evenly as there are instances.

    A class that has less than an even share gives all it has, and the others share the rest.

    Args:
        available: instances among the candidates, classes × sizes.
        size_targets: instances to reach of each size.

    Returns:
        Targets, classes × sizes, int64, at most `available`. A column sums up to its size target,
        or to all there are.
    """
    targets = np.zeros(available.shape, np.int64)
    for size, wanted in enumerate(size_targets):
        there = available[:, size].astype(np.int64)
        levels = np.arange(there.max(initial=0) + 1)
        totals = np.minimum(there[:, None], levels).sum(0)
        level = levels[totals <= wanted][-1]
        targets[:, size] = np.minimum(there, level)
        rest = max(0, wanted - totals[level])
        targets[np.flatnonzero(there > level)[:rest], size] += 1
    return targets


def select_balanced(
    counts: np.ndarray,
    targets: np.ndarray,
    images: int,
    size_weight: float = 1.0,
    seed: int = 0,
    tolerance: float = 0.01,
    nodes: int = 100,
    rounds: int = 10,
) -> Selection:
    """Select exactly `images` images.

    Args:
        counts: instances of every image, images × classes × sizes, int.
        targets: classes × sizes, int.
        images: k, at most as many as there are.
        size_weight: w.
        seed: chooses among equally balanced selections.
        tolerance: stop where f is this share above the bound.
        nodes: stop each search after this many nodes.
        rounds: stop after this many searches that follow the first.
    """
    rng = np.random.default_rng(seed)
    kinds, kind_of = np.unique(counts, axis=0, return_inverse=True)
    order = rng.permutation(len(kinds))
    there = np.bincount(kind_of, minlength=len(kinds))
    program = SelectionProgram(kinds[order], there[order], targets, images, size_weight)
    relaxed = program.relax()
    bound = _reachable(relaxed.objective, size_weight)
    best = program.rounded(relaxed)
    size = int(np.clip(np.sum(relaxed.prices < CHEAP), SMALLEST_CORE, LARGEST_CORE))
    for attempt in range(1 + rounds):
        first = attempt == 0
        luck = np.ones(len(kinds)) if first else rng.exponential(size=len(kinds))
        core = np.argsort(relaxed.prices * luck, kind="stable")[:size]
        start = np.floor(relaxed.amounts + _ROUNDING) if first else best
        found = program.search(core, start, tolerance, nodes)
        if found is not None and program.objective(found) <= program.objective(best):
            best = found
        if program.objective(best) <= (1 + tolerance) * bound or size >= len(kinds):
            break
    amounts = np.zeros(len(kinds), np.int64)
    amounts[order] = best
    chosen = _draw(kind_of, amounts, rng)
    return Selection(chosen, program.objective(best), bound)


def _reachable(value: float, size_weight: float) -> float:
    """Return the lowest value >= `value` that f can have.

    Both sums of f have the parity of Σ_cs (n_cs − t_cs), so for an odd w their sum f is even.
    """
    if size_weight % 1:
        return max(0.0, value)
    step = 2 if size_weight % 2 else 1
    return max(0.0, step * float(np.ceil((value - _ROUNDING) / step)))


def _draw(kind_of: np.ndarray, amounts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw `amounts[k]` of the images of every kind k; return which images are drawn, bool."""
    chosen = np.zeros(len(kind_of), bool)
    taken = np.zeros(len(amounts), np.int64)
    for image in rng.permutation(len(kind_of)):
        kind = kind_of[image]
        if taken[kind] < amounts[kind]:
            taken[kind] += 1
            chosen[image] = True
    return chosen
