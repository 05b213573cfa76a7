"""Affinities of pixel pairs along straight paths, and the loss that trains edges from them (IRN).

A map's pairs are enumerated by offset (dy, dx) in the upper half plane. For every offset, the pairs
whose two pixels lie inside the map are visited row by row; `path_affinities` and `pair_labels`
use that one order.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from smallobjects.pseudo_labels.training.augmentation import VOID

EPSILON = 1e-5


def pair_offsets(radius: int) -> list[tuple[int, int]]:
    """Return the offsets (dy, dx) shorter than `radius`, one of each pair (dy, dx), (−dy, −dx)."""
    return [
        (dy, dx)
        for dy in range(radius)
        for dx in range(1 - radius, radius)
        if (dy > 0 or dx > 0) and dy * dy + dx * dx < radius * radius
    ]


def straight_path(dy: int, dx: int) -> list[tuple[int, int]]:
    """Return the pixels on the path from (0, 0) to (dy, dx), both included; dy ≥ 0.

    They are the pixels of the bounding box that lie less than one pixel from the straight line.
    """
    return [
        (y, x)
        for y in range(dy + 1)
        for x in range(min(0, dx), max(0, dx) + 1)
        if (dy * x - dx * y) ** 2 < dy * dy + dx * dx
    ]


def _shifted(maps: Tensor, pair: tuple[int, int], y: int, x: int) -> Tensor:
    """Read B×h×w maps at (y, x) relative to the first pixel of every pair of one offset."""
    dy, dx = pair
    height, width = maps.shape[-2:]
    left = max(0, -dx)
    return maps[..., y : y + height - dy, left + x : left + x + width - abs(dx)]


def _fitting(maps: Tensor, radius: int) -> list[tuple[int, int]]:
    """Return the offsets for which the maps have a pair at all."""
    height, width = maps.shape[-2:]
    return [(dy, dx) for dy, dx in pair_offsets(radius) if dy < height and abs(dx) < width]


def path_affinities(edges: Tensor, radius: int) -> Tensor:
    """Return a_ij = 1 − max of the edges on the path from i to j, for all pairs.

    Args:
        edges: B×h×w in [0, 1].
        radius: pairs nearer than this, in pixels of the map.

    Returns:
        B×P, in the order of `pair_labels`.
    """
    affinities = [edges.new_zeros((len(edges), 0))]
    for pair in _fitting(edges, radius):
        path = torch.stack([_shifted(edges, pair, y, x) for y, x in straight_path(*pair)])
        # The maximum by index keeps one integer per pair for the backward pass, not the path.
        affinities.append(1 - path.max(dim=0).values.flatten(1))
    return torch.cat(affinities, dim=1)


@dataclass(frozen=True)
class PairLabels:
    """Which pairs have which label; all are B×P booleans. Pairs with a void pixel are in none."""

    both_background: Tensor
    same_class: Tensor
    """Both pixels belong to one foreground class."""
    different: Tensor


def pair_labels(seeds: Tensor, radius: int) -> PairLabels:
    """Label all pairs of B×h×w integer seeds (0, 1..C, 255)."""
    firsts, seconds = [seeds.new_zeros((len(seeds), 0))], [seeds.new_zeros((len(seeds), 0))]
    for pair in _fitting(seeds, radius):
        firsts.append(_shifted(seeds, pair, 0, 0).flatten(1))
        seconds.append(_shifted(seeds, pair, *pair).flatten(1))
    first, second = torch.cat(firsts, dim=1), torch.cat(seconds, dim=1)
    sure = (first != VOID) & (second != VOID)
    equal = sure & (first == second)
    return PairLabels(
        both_background=equal & (first == 0),
        same_class=equal & (first != 0),
        different=sure & (first != second),
    )


def affinity_loss(affinities: Tensor, labels: PairLabels) -> Tensor:
    """Return the affinity loss of IRN.

    L = ½(½ mean_{bg}(−log a) + ½ mean_{fg}(−log a)) + ½ mean_{different}(−log(1 − a)), where each
    mean is over the pairs of the whole batch with that label, and 0 where there is none.

    Args:
        affinities: B×P in [0, 1].
        labels: of the same pairs.

    Returns:
        A scalar.
    """

    def mean(losses: Tensor, chosen: Tensor) -> Tensor:
        return (losses * chosen).sum() / (chosen.sum() + EPSILON)

    attract = -torch.log(affinities + EPSILON)
    repel = -torch.log(1 + EPSILON - affinities)
    background = mean(attract, labels.both_background)
    foreground = mean(attract, labels.same_class)
    return (background + foreground) / 4 + mean(repel, labels.different) / 2
