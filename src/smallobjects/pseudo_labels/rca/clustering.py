"""K-means in torch, repeatable from a seed."""

import torch
from torch import Tensor

STEPS = 300
TOLERANCE = 1e-4


def kmeans(points: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """Return the centres of the clusters of some points.

    Centres are drawn as k-means++ draws them and moved by Lloyd's steps until they move by less
    than a ten-thousandth of the points' variance, or 300 times. A cluster that loses its points
    takes the point that lies farthest from its own centre.

    Args:
        points: N×d float, N ≥ clusters.
        clusters: K.
        generator: on the CPU, whatever the points' device.

    Returns:
        K×d.
    """
    centres = _spread(points, clusters, generator)
    limit = TOLERANCE * points.var(dim=0, unbiased=False).mean()
    for _ in range(STEPS):
        distances = torch.cdist(points, centres).square()
        nearest = distances.argmin(dim=1)
        moved = _means(points, nearest, distances, clusters)
        shift = (moved - centres).square().sum()
        centres = moved
        if shift <= limit:
            break
    return centres


def _spread(points: Tensor, clusters: int, generator: torch.Generator) -> Tensor:
    """Draw centres among the points, each with its squared distance from those before as weight."""
    chosen = [int(torch.randint(len(points), (1,), generator=generator))]
    distances = torch.full((len(points),), torch.inf, device=points.device)
    for _ in range(clusters - 1):
        to_last = (points - points[chosen[-1]]).square().sum(dim=1)
        distances = torch.minimum(distances, to_last)
        weights = distances.cpu().double()
        if weights.sum() == 0:
            weights = torch.ones_like(weights)
        chosen.append(int(torch.multinomial(weights, 1, generator=generator)))
    return points[chosen].clone()


def _means(points: Tensor, nearest: Tensor, distances: Tensor, clusters: int) -> Tensor:
    members = torch.nn.functional.one_hot(nearest, clusters).to(points.dtype)
    counts = members.sum(dim=0)
    means = members.T @ points / counts.clamp(min=1)[:, None]
    empty = torch.nonzero(counts == 0).flatten()
    if len(empty):
        own = distances.gather(1, nearest[:, None])[:, 0]
        means[empty] = points[own.argsort(descending=True)[: len(empty)]]
    return means
