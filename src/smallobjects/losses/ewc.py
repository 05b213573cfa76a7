"""Elastic weight consolidation: keep what plain cross-entropy has taught.

L_sb = L_sw + λ/2 · Σ F (θ − θ*)² (supplement, Eq. 1): θ* are the parameters at the end of the
cross-entropy phase, F their importance. In the code that the paper's authors released the penalty
never acts (the two sides of its comparison name their parameters differently), so whether the
published numbers contain it is unknown; here it is what the supplement says.
"""

from collections.abc import Mapping

import torch
from torch import Tensor


def update_fisher(fisher: Tensor, gradient: Tensor, decay: float) -> None:
    """Update the importance of one parameter in place: F ← d·g² + (1 − d)·F.

        >>> fisher = torch.ones(2)
        >>> update_fisher(fisher, torch.tensor([0.0, 2.0]), decay=0.5)
        >>> fisher
        tensor([0.5000, 2.5000])

    Args:
        fisher: the importance so far, of the parameter's shape; ones at the start.
        gradient: the gradient with which the optimizer steps, before weight decay.
        decay: d, the share of the newest squared gradient, in (0, 1].
    """
    fisher.mul_(1 - decay).addcmul_(gradient, gradient, value=decay)


def normalise_fisher(fisher: Tensor) -> Tensor:
    """Return the importance of one parameter tensor scaled to [0, 1] by its minimum and maximum.

    A tensor whose values are all equal has no minimum to tell from its maximum and becomes 0.

        >>> normalise_fisher(torch.tensor([1.0, 2.0, 5.0]))
        tensor([0.0000, 0.2500, 1.0000])

    Args:
        fisher: of any shape, floating point.

    Returns:
        The same shape and type.
    """
    lowest, highest = torch.aminmax(fisher)
    spread = highest - lowest
    return torch.where(spread > 0, (fisher - lowest) / spread, 0)


def ewc_penalty(
    parameters: Mapping[str, Tensor],
    anchors: Mapping[str, Tensor],
    importance: Mapping[str, Tensor],
    strength: float,
) -> Tensor:
    """Return λ/2 · Σ F (θ − θ*)², a scalar.

        >>> now, then = {"w": torch.tensor([1.0, 3.0])}, {"w": torch.tensor([1.0, 1.0])}
        >>> ewc_penalty(now, then, {"w": torch.tensor([1.0, 0.5])}, strength=10.0)
        tensor(10.)

    Args:
        parameters: θ by name; each name of `importance` must be among them.
        anchors: θ* by name.
        importance: F by name, in [0, 1]; parameters without one are free.
        strength: λ, not negative.
    """
    terms = [
        (fisher * (parameters[name] - anchors[name]).square()).sum()
        for name, fisher in importance.items()
    ]
    return strength / 2 * torch.stack(terms).sum()


def add_ewc_gradient(
    gradient: Tensor, parameter: Tensor, anchor: Tensor, importance: Tensor, strength: float
) -> None:
    """Add the penalty's exact gradient λ·F·(θ − θ*) to `gradient`, in place.

        >>> gradient = torch.zeros(2)
        >>> now, then = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])
        >>> add_ewc_gradient(gradient, now, then, torch.tensor([1.0, 0.5]), strength=10.0)
        >>> gradient
        tensor([ 0., 10.])

    Args:
        gradient: of the parameter's shape; it is changed.
        parameter: θ.
        anchor: θ*.
        importance: F, in [0, 1].
        strength: λ, not negative.
    """
    gradient.addcmul_(importance, parameter - anchor, value=strength)
