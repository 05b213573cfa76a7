"""The random walk that spreads class activation maps until an edge stops them (IRN).

With affinities a_ij (zero beyond the radius, a_ii = 1), T = a^β with columns that sum to one; the
result is x · T^steps for the row x of every map. T is never built: one application is a sum over
offsets of a plane of weights times a shifted map. Neither are all the steps taken: every
eigenvalue of T is real and at most one in size (a is symmetric), and there

    λ^n = Σ_k P(|S_n| = k) T_k(λ),

T_k being the Chebyshev polynomials and S_n a walk of n steps ±1. The terms with k far above √n are
nil, so 256 steps need about 110 applications of T (Sachdeva and Vishnoi 2014, chapter 3).
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from smallobjects.pseudo_labels.irn.affinity import pair_offsets, straight_path

# What the left-out terms of the series may sum to. It bounds the error in the norm in which T is
# symmetric; a single pixel's error is at most some hundred times larger.
TAIL = 1e-10


@torch.no_grad()
def random_walk(
    cams: Tensor | np.ndarray,
    edges: Tensor | np.ndarray,
    radius: int = 5,
    beta: float = 10,
    steps: int = 256,
) -> Tensor:
    """Return (cams · (1 − edges)) · T^steps.

    Args:
        cams: K×h×w float.
        edges: h×w float in [0, 1]. Outside the map everything is edge.
        radius: pixels nearer than this are linked.
        beta: exponent of the affinities.
        steps: length of the walk.

    Returns:
        K×h×w float32 on the device of `cams`. The computation is in float64: in float32, errors
        of the column sums build up over the steps to more than 1e-4.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    cams, edges = torch.as_tensor(cams), torch.as_tensor(edges)
    if cams.ndim != 3 or cams.shape[1:] != edges.shape:
        raise ValueError(f"cams {tuple(cams.shape)} and edges {tuple(edges.shape)} do not fit")
    edges = edges.to(cams.device, torch.float64)
    transition = Transition(edges, radius, beta)
    return walk(transition, cams.to(torch.float64) * (1 - edges), steps).to(torch.float32)


class Transition:
    """The matrix T of one edge map, as planes of weights.

    Maps are kept as flat rows with a margin of zeros at the end of every row of pixels, so that a
    shift by an offset is a shift of one contiguous run, and never wraps into a neighbouring row.
    """

    def __init__(self, edges: Tensor, radius: int, beta: float) -> None:
        """Compute the weights.

        Args:
            edges: h×w float64 in [0, 1].
            radius: pixels nearer than this are linked.
            beta: exponent of the affinities.
        """
        self.height, self.width = edges.shape
        self._margin = radius - 1
        self._row = self.width + self._margin
        self.size = self.height * self._row
        self.reach = self._margin * self._row + self._margin
        sums = torch.ones(self.size, dtype=edges.dtype, device=edges.device)
        links = []
        for dy, dx in pair_offsets(radius):
            shift = dy * self._row + dx
            if shift >= self.size:
                continue
            weights = self._weights(edges, dy, dx).pow(beta)
            sums += weights
            sums[shift:] += weights[: self.size - shift]
            links.append((shift, weights))
        self._stay = 1 / sums
        self._links = []
        for shift, weights in links:
            # The pair (i, j) gives to i from j, and to j from i.
            received = torch.zeros_like(weights)
            received[shift:] = weights[: self.size - shift]
            self._links.append((shift, weights * self._stay))
            self._links.append((-shift, received * self._stay))

    def _weights(self, edges: Tensor, dy: int, dx: int) -> Tensor:
        """Return 1 − max edge on the path from every pixel to the one at (dy, dx), flat."""
        margin = self._margin
        outside = functional.pad(edges, (margin, margin, 0, margin), value=1.0)
        path = [
            outside[y : y + self.height, margin + x : margin + x + self.width]
            for y, x in straight_path(dy, dx)
        ]
        affinity = 1 - torch.stack(path).amax(dim=0)
        return functional.pad(affinity, (0, margin)).flatten()

    def empty(self, maps: int) -> Tensor:
        """Return zero rows for `maps` maps, with room for every shift at both ends."""
        return self._stay.new_zeros((maps, self.size + 2 * self.reach))

    def pack(self, maps: Tensor) -> Tensor:
        """Bring K×h×w maps into rows."""
        rows = self.empty(len(maps))
        self.inner(rows).copy_(functional.pad(maps, (0, self._margin)).flatten(1))
        return rows

    def unpack(self, values: Tensor) -> Tensor:
        """Bring K×size values back to K×h×w."""
        return values.reshape(len(values), self.height, self._row)[..., : self.width]

    def inner(self, rows: Tensor) -> Tensor:
        """Return the K×size values of rows, without the room at the ends."""
        return rows[:, self.reach : self.reach + self.size]

    def apply(self, rows: Tensor, out: Tensor) -> None:
        """Write rows · T into `out`."""
        values = self.inner(out)
        torch.mul(self.inner(rows), self._stay, out=values)
        for shift, weights in self._links:
            start = self.reach + shift
            values.addcmul_(rows[:, start : start + self.size], weights)


def series_coefficients(steps: int) -> list[float]:
    """Return c with λ^steps = Σ_k c_k T_k(λ) for |λ| ≤ 1, up to a rest of `TAIL`.

    c_k = P(|S| = k) for a walk S of `steps` steps ±1; all are ≥ 0 and they sum to one.
    """
    coefficients = [0.0] * (steps + 1)
    for k in range(steps % 2, steps + 1, 2):
        ways = math.comb(steps, (steps - k) // 2) * (1 if k == 0 else 2)
        coefficients[k] = ways / 2**steps
    tail = 0.0
    while len(coefficients) > 1 and tail + coefficients[-1] < TAIL:
        tail += coefficients.pop()
    return coefficients


@torch.no_grad()
def walk(transition: Transition, maps: Tensor, steps: int) -> Tensor:
    """Return maps · T^steps by the recurrence T_{k+1}(λ) = 2 λ T_k(λ) − T_{k−1}(λ).

    Args:
        transition: the matrix T.
        maps: K×h×w float64.
        steps: the exponent.

    Returns:
        K×h×w float64.
    """
    coefficients = series_coefficients(steps)
    previous, current, following = (
        transition.pack(maps),
        transition.empty(len(maps)),
        transition.empty(len(maps)),
    )
    total = transition.inner(previous) * coefficients[0]
    if len(coefficients) > 1:
        transition.apply(previous, current)
        total.add_(transition.inner(current), alpha=coefficients[1])
    for coefficient in coefficients[2:]:
        transition.apply(current, following)
        values = transition.inner(following)
        values.mul_(2).sub_(transition.inner(previous))
        total.add_(values, alpha=coefficient)
        previous, current, following = current, following, previous
    return transition.unpack(total)
