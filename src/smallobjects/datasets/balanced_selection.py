"""Choose images so that their instances are balanced over classes and sizes (supplement, 1.2).

The paper says "randomly sampled to ensure the balance" and no more. Here balance is an objective:
with n the instances of the selection by class c and size s, and t the targets, minimise

    f = Σ_cs |n_cs − t_cs| + w Σ_s |n_s − t_s|,

in words the instances too many and too few, over exactly k images. Its linear relaxation, in which
an image may be taken in part, gives a lower bound of f, and takes all but a few dozen images
whole or not at all. A search by branch and bound then decides on these and on those that cost
least to change. Nothing stops by the clock, so the result is the same on every machine.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp

CORE_SIZES = (1000, 4000)
"""How many images each search decides on; the next is only made if the last was not good enough."""
TIE_BREAK = 0.1
"""Random costs of a whole selection, in instances: they decide among equally balanced ones."""
_WHOLE = 1e-6


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


def imbalance(selected: np.ndarray, targets: np.ndarray, size_weight: float) -> float:
    """Return the objective f, given instances and targets of classes × sizes."""
    by_size = np.abs(selected.sum(0) - targets.sum(0)).sum()
    return float(np.abs(selected - targets).sum() + size_weight * by_size)


def select_balanced(
    counts: np.ndarray,
    targets: np.ndarray,
    images: int,
    size_weight: float = 1.0,
    seed: int = 0,
    tolerance: float = 0.01,
    nodes: int = 1000,
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
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(counts))
    problem = _Problem(counts[order], targets, images, size_weight)
    costs = rng.random(len(counts)) * TIE_BREAK / images
    relaxed = problem.relax(costs)
    bound = _reachable(relaxed.fun - TIE_BREAK, size_weight)
    shares = relaxed.x[: len(counts)]
    best = np.zeros(len(counts), bool)
    best[np.argsort(-shares, kind="stable")[:images]] = True
    for core_size in CORE_SIZES:
        core = _core(relaxed, len(counts), core_size)
        found = problem.search(core, shares > 0.5, tolerance, nodes)
        if found is not None and problem.objective(found) < problem.objective(best):
            best = found
        if problem.objective(best) <= (1 + tolerance) * bound or len(core) == len(counts):
            break
    chosen = np.zeros(len(counts), bool)
    chosen[order[best]] = True
    return Selection(chosen, problem.objective(best), bound)


def _reachable(value: float, size_weight: float) -> float:
    """Return the lowest value >= `value` that f can have.

    Both sums of f have the parity of Σ_cs (n_cs − t_cs), so for an odd w their sum f is even.
    """
    if size_weight % 1:
        return max(0.0, value)
    step = 2 if size_weight % 2 else 1
    return max(0.0, step * float(np.ceil((value - _WHOLE) / step)))


def _core(relaxed: OptimizeResult, images: int, size: int) -> np.ndarray:
    """Return the images that are taken in part, and those that cost least to change, ascending."""
    shares = relaxed.x[:images]
    price = np.abs(relaxed.lower.marginals[:images] + relaxed.upper.marginals[:images])
    parted = (shares > _WHOLE) & (shares < 1 - _WHOLE)
    return np.sort(np.argsort(np.where(parted, -1, price), kind="stable")[:size])


class _Problem:
    """The linear program: a variable for each image, and for each surplus and each lack.

    A row says: instances of the selection − surplus + lack = target, for each class and size and
    for each size; the last row says that k images are selected.
    """

    def __init__(
        self, counts: np.ndarray, targets: np.ndarray, images: int, size_weight: float
    ) -> None:
        self.counts, self.targets, self.size_weight = counts, targets, size_weight
        by_size = counts.sum(1)
        cells = counts.reshape(len(counts), -1)
        self.goals = np.concatenate([targets.ravel(), targets.sum(0), [images]]).astype(float)
        rows = np.concatenate([cells, by_size, np.ones((len(counts), 1))], axis=1).T
        self.rows = sparse.csc_array(rows.astype(float))
        deviations = len(self.goals) - 1
        identity = sparse.eye_array(len(self.goals), deviations)
        self.slack = sparse.hstack([-identity, identity]).tocsc()
        weights = np.concatenate([np.ones(cells.shape[1]), np.full(by_size.shape[1], size_weight)])
        self.weights = np.concatenate([weights, weights])

    def objective(self, chosen: np.ndarray) -> float:
        """Return f of a selection, bool."""
        return imbalance(self.counts[chosen].sum(0), self.targets, self.size_weight)

    def relax(self, costs: np.ndarray) -> OptimizeResult:
        """Solve the relaxation with a small cost of every image."""
        upper = np.concatenate([np.ones(len(costs)), np.full(len(self.weights), np.inf)])
        return linprog(
            np.concatenate([costs, self.weights]),
            A_eq=sparse.hstack([self.rows, self.slack]).tocsc(),
            b_eq=self.goals,
            bounds=np.stack([np.zeros_like(upper), upper], axis=1),
            method="highs-ds",
        )

    def search(
        self, core: np.ndarray, taken: np.ndarray, tolerance: float, nodes: int
    ) -> np.ndarray | None:
        """Decide on the images of `core`; the others stay as `taken`, bool, says.

        Returns:
            A selection, bool, or None if none was found.
        """
        fixed = taken.copy()
        fixed[core] = False
        left = self.goals - self.rows @ fixed.astype(float)
        upper = np.concatenate([np.ones(len(core)), np.full(len(self.weights), np.inf)])
        result = milp(
            np.concatenate([np.zeros(len(core)), self.weights]),
            constraints=LinearConstraint(
                sparse.hstack([self.rows[:, core], self.slack]).tocsc(), left, left
            ),
            integrality=np.concatenate([np.ones(len(core)), np.zeros(len(self.weights))]),
            bounds=Bounds(0, upper),
            options={"node_limit": nodes, "mip_rel_gap": tolerance},
        )
        if result.x is None:
            return None
        fixed[core] = result.x[: len(core)] > 0.5
        return fixed
