"""The integer program of a balanced selection: how many images of each kind to take."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp


@dataclass(frozen=True)
class Relaxed:
    """The optimum where images may be taken in part."""

    objective: float
    amounts: np.ndarray
    """How many of each kind are taken, float."""
    prices: np.ndarray
    """What it costs at least to take one more or one less of each kind, in instances; 0 for the
    kinds that are taken in part."""


class SelectionProgram:
    """A variable for each kind of image, and for each surplus and each lack of instances.

    A row says: instances of the selection − surplus + lack = target, for each class and size and
    for each size; the last row says that k images are taken. Minimised are surplus and lack.
    """

    def __init__(
        self,
        kinds: np.ndarray,
        there: np.ndarray,
        targets: np.ndarray,
        images: int,
        size_weight: float,
    ) -> None:
        """State the program.

        Args:
            kinds: instances of an image of each kind, kinds × classes × sizes, int.
            there: how many images of each kind there are, int.
            targets: classes × sizes, int.
            images: k.
            size_weight: of a surplus or lack of a size; that of a class and size has weight 1.
        """
        self.there = there
        by_size = kinds.sum(1)
        cells = kinds.reshape(len(kinds), -1)
        rows = np.concatenate([cells, by_size, np.ones((len(kinds), 1))], axis=1).T
        self.rows = sparse.csc_array(rows.astype(float))
        self.goals = np.concatenate([targets.ravel(), targets.sum(0), [images]]).astype(float)
        identity = sparse.eye_array(len(self.goals), len(self.goals) - 1)
        self.slack = sparse.hstack([-identity, identity]).tocsc()
        weights = np.concatenate([np.ones(cells.shape[1]), np.full(by_size.shape[1], size_weight)])
        self.weights = np.concatenate([weights, weights])

    def objective(self, amounts: np.ndarray) -> float:
        """Return the surplus and lack of a selection, given how many of each kind it takes."""
        deviations = np.abs(self.rows @ amounts.astype(float) - self.goals)[:-1]
        return float(deviations @ self.weights[: len(deviations)])

    def relax(self) -> Relaxed:
        """Solve the program without asking for whole images."""
        kinds = len(self.there)
        upper = np.concatenate([self.there, np.full(len(self.weights), np.inf)])
        result = linprog(
            np.concatenate([np.zeros(kinds), self.weights]),
            A_eq=sparse.hstack([self.rows, self.slack]).tocsc(),
            b_eq=self.goals,
            bounds=np.stack([np.zeros_like(upper), upper], axis=1),
            method="highs-ds",
        )
        prices = np.abs(result.lower.marginals[:kinds] + result.upper.marginals[:kinds])
        return Relaxed(result.fun, result.x[:kinds], prices)

    def rounded(self, relaxed: Relaxed) -> np.ndarray:
        """Return a selection of whole images near the relaxed one: amounts, int64."""
        amounts = np.floor(relaxed.amounts + 1e-6).astype(np.int64)
        missing = int(self.goals[-1]) - int(amounts.sum())
        while missing > 0:
            parts = np.where(amounts < self.there, relaxed.amounts - amounts, -np.inf)
            taken = np.argsort(-parts, kind="stable")[:missing]
            taken = taken[np.isfinite(parts[taken])]
            amounts[taken] += 1
            missing -= len(taken)
        return amounts

    def search(
        self, core: np.ndarray, start: np.ndarray, tolerance: float, nodes: int
    ) -> np.ndarray | None:
        """Decide on the kinds of `core`; of the others as many are taken as in `start`.

        Args:
            core: indices of kinds.
            start: how many of each kind are taken.
            tolerance: stop where the best is this share above what the search can still reach.
            nodes: stop after this many nodes.

        Returns:
            How many to take of each kind, int64, or None if nothing was found.
        """
        amounts = np.array(start, np.int64)
        amounts[core] = 0
        left = self.goals - self.rows @ amounts.astype(float)
        upper = np.concatenate([self.there[core], np.full(len(self.weights), np.inf)])
        matrix = sparse.hstack([self.rows[:, core], self.slack]).tocsc()
        result = milp(
            np.concatenate([np.zeros(len(core)), self.weights]),
            constraints=LinearConstraint(matrix, left, left),
            integrality=np.concatenate([np.ones(len(core)), np.zeros(len(self.weights))]),
            bounds=Bounds(0, upper),
            options={"node_limit": nodes, "mip_rel_gap": tolerance},
        )
        if result.x is None:
            return None
        amounts[core] = np.round(result.x[: len(core)])
        return amounts
