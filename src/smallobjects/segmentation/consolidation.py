"""Elastic weight consolidation around an optimizer's steps.

Both hooks act right before the optimizer steps, on the gradients it steps with: after accumulation
and after a loss scaler has undone its scale.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.optim import Optimizer

from smallobjects.losses import add_ewc_gradient, ewc_penalty, normalise_fisher, update_fisher
from smallobjects.segmentation.checkpointing import load

KEY = "fisher"


def optimised_parameters(model: nn.Module, optimizer: Optimizer) -> dict[str, nn.Parameter]:
    """Return the parameters that are trained, by name: with a gradient and in the optimizer."""
    stepped = {id(each) for group in optimizer.param_groups for each in group["params"]}
    named = model.named_parameters()
    return {name: each for name, each in named if each.requires_grad and id(each) in stepped}


def _with_gradient(
    parameters: dict[str, nn.Parameter],
) -> Iterator[tuple[str, nn.Parameter, Tensor]]:
    return (
        (name, each, each.grad.detach())
        for name, each in parameters.items()
        if each.grad is not None
    )


@HOOKS.register_module()
class FisherHook(Hook):
    """Tracks the importance F of every trained parameter, F ← d·g² + (1 − d)·F from 1."""

    def __init__(self, decay: float) -> None:
        """Set the share `decay` of the newest squared gradient."""
        self.decay = decay
        self._loaded: dict[str, Tensor] = {}
        self._fisher: dict[str, Tensor] = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take F of the checkpoint."""
        self._loaded = checkpoint.get(KEY, {})

    def before_train(self, runner: Runner) -> None:
        """Start from ones, or go on from the checkpoint, and watch the optimizer."""
        optimizer = runner.optim_wrapper.optimizer
        parameters = optimised_parameters(runner.model, optimizer)
        self._fisher = {
            name: self._loaded[name].to(each) if name in self._loaded else torch.ones_like(each)
            for name, each in parameters.items()
        }

        def update(*_: Any) -> None:
            for name, _parameter, gradient in _with_gradient(parameters):
                update_fisher(self._fisher[name], gradient, self.decay)

        optimizer.register_step_pre_hook(update)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add F to a checkpoint."""
        checkpoint[KEY] = {name: fisher.cpu() for name, fisher in self._fisher.items()}


@HOOKS.register_module()
class EwcHook(Hook):
    """Adds the gradient of λ/2 · Σ F (θ − θ*)² before each step of the optimizer.

    θ* and F (scaled to [0, 1] per tensor) are read from the end of the shared phase.
    """

    # Before the learning curve, which records the penalty.
    priority = "NORMAL"

    def __init__(self, strength: float, shared: str, log_interval: int) -> None:
        """Set the strength.

        Args:
            strength: λ.
            shared: checkpoint of the end of the shared phase.
            log_interval: iterations between two values of the penalty for the learning curve.
        """
        self.strength = strength
        self.shared = Path(shared)
        self.log_interval = log_interval
        self._parameters: dict[str, nn.Parameter] = {}
        self._anchors: dict[str, Tensor] = {}
        self._importance: dict[str, Tensor] = {}

    def before_train(self, runner: Runner) -> None:
        """Read θ* and F, and watch the optimizer."""
        optimizer = runner.optim_wrapper.optimizer
        self._parameters = optimised_parameters(runner.model, optimizer)
        shared = load(self.shared)
        for name, parameter in self._parameters.items():
            self._anchors[name] = shared["state_dict"][name].to(parameter)
            self._importance[name] = normalise_fisher(shared[KEY][name].to(parameter))

        def add_gradient(*_: Any) -> None:
            for name, parameter, gradient in _with_gradient(self._parameters):
                anchor, importance = self._anchors[name], self._importance[name]
                add_ewc_gradient(gradient, parameter.detach(), anchor, importance, self.strength)

        optimizer.register_step_pre_hook(add_gradient)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Hand the penalty's value after the step to the learning curve."""
        if (batch_idx + 1) % self.log_interval == 0 and outputs is not None:
            with torch.no_grad():
                outputs["ewc_penalty"] = ewc_penalty(
                    self._parameters, self._anchors, self._importance, self.strength
                )
