"""Elastic weight consolidation in any training loop."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from smallobjects.losses.ewc import add_ewc_gradient, ewc_penalty, normalise_fisher, update_fisher

Named = Mapping[str, nn.Parameter] | Iterable[tuple[str, nn.Parameter]]


class ElasticWeightConsolidation:
    """Tracks the importance F of every trained parameter, then holds on to what is important.

        >>> model = nn.Conv2d(3, 21, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> ewc = ElasticWeightConsolidation(model.named_parameters(), strength=500.0)
        >>> for number in range(4):
        ...     if number == 2:
        ...         ewc.switch()
        ...     optimizer.zero_grad()
        ...     model(torch.ones(1, 3, 4, 4)).square().mean().backward()
        ...     ewc.after_backward()
        ...     optimizer.step()
        >>> bool(ewc.penalty() > 0)
        True

    Up to the switch F ← d·g² + (1 − d)·F, from 1, with every step. At the switch θ* are the
    parameters and F is scaled to [0, 1] per tensor; from then on the gradient of
    λ/2 · Σ F (θ − θ*)² is added (supplement, Eq. 1).
    """

    def __init__(self, parameters: Named, strength: float, fisher_decay: float = 0.9) -> None:
        """Begin before the switch.

        Args:
            parameters: by name, as `model.named_parameters()` gives them; those without
                `requires_grad` are left out. Where some are not in the optimizer, leave them out.
            strength: λ, not negative; 0 only tracks F.
            fisher_decay: d, the share of the newest squared gradient, in (0, 1].

        Raises:
            ValueError: λ or d is out of range, or no parameter is trained.
        """
        if not strength >= 0:
            raise ValueError(f"strength = {strength}: λ must not be negative")
        if not 0 < fisher_decay <= 1:
            raise ValueError(f"fisher_decay = {fisher_decay}: it must be above 0 and at most 1")
        named = parameters.items() if isinstance(parameters, Mapping) else parameters
        self.strength = strength
        self.fisher_decay = fisher_decay
        self._parameters = {name: each for name, each in named if each.requires_grad}
        if not self._parameters:
            raise ValueError("no parameter has requires_grad; give those that are trained")
        self._fisher = {name: torch.ones_like(each) for name, each in self._parameters.items()}
        self._anchors: dict[str, Tensor] = {}

    @property
    def switched(self) -> bool:
        """Whether the switch has been."""
        return bool(self._anchors)

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        return list(self._parameters)

    def switch(self) -> None:
        """Take the parameters as θ* and scale F to [0, 1]; a second call changes nothing."""
        if self.switched:
            return
        for name, parameter in self._parameters.items():
            self._anchors[name] = parameter.detach().clone()
            self._fisher[name] = normalise_fisher(self._fisher[name])

    @torch.no_grad()
    def after_backward(self) -> None:
        """Read the gradients, and after the switch add the penalty's to them.

        Call it right before `optimizer.step()`, on the gradients that it steps with: after the last
        backward pass of an accumulated batch, after the mean over processes, and after a
        `GradScaler` has undone its scale (`scaler.unscale_(optimizer)`).
        """
        for name, parameter in self._parameters.items():
            if parameter.grad is None:
                continue
            if not self.switched:
                update_fisher(self._fisher[name], parameter.grad, self.fisher_decay)
                continue
            add_ewc_gradient(
                parameter.grad, parameter, self._anchors[name], self._fisher[name], self.strength
            )

    @torch.no_grad()
    def penalty(self) -> Tensor:
        """Return λ/2 · Σ F (θ − θ*)², a scalar without gradient; 0 before the switch."""
        if not self.switched:
            return torch.zeros(())
        return ewc_penalty(self._parameters, self._anchors, self._fisher, self.strength)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Return `fisher` and, after the switch, `anchors`: tensors by the names of parameters."""
        return {"fisher": dict(self._fisher), "anchors": dict(self._anchors)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, on the parameters' devices and in their types.

        Raises:
            ValueError: the state is that of other parameters.
        """
        fisher, anchors = state["fisher"], state.get("anchors") or {}
        for part in (fisher, anchors or fisher):
            if part.keys() != self._parameters.keys():
                names = sorted(part.keys() ^ self._parameters.keys())
                raise ValueError(f"the state is of other parameters: {', '.join(names[:5])}")
        self._fisher = self._like_parameters(fisher)
        self._anchors = self._like_parameters(anchors)

    def _like_parameters(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: each.to(self._parameters[name]) for name, each in tensors.items()}
