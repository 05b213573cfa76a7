"""Elastic weight consolidation around an optimizer's steps.

In any configuration of MMEngine, for a training that switches its loss at iteration 25,000:

    custom_imports = dict(imports=["smallobjects.segmentation.modules"])
    custom_hooks = [dict(type="EwcHook", strength=500.0, start=25000)]
"""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.optim import Optimizer

from smallobjects.losses import ElasticWeightConsolidation
from smallobjects.segmentation.errors import SegmentationError

FISHER = "fisher"
"""Key of a checkpoint: F before the switch, by name of the parameter."""
ANCHORS = "ewc_anchors"
"""Key of a checkpoint: θ*, after the switch; `fisher` then is the importance, in [0, 1]."""


def optimised_parameters(model: nn.Module, optimizer: Optimizer) -> dict[str, nn.Parameter]:
    """Return the parameters that are trained, by name: with a gradient and in the optimizer.

    The names are those of the network itself, whatever wraps it to train in several processes.
    """
    network = model.module if is_model_wrapper(model) else model
    stepped = {id(each) for group in optimizer.param_groups for each in group["params"]}
    named = network.named_parameters()
    return {name: each for name, each in named if each.requires_grad and id(each) in stepped}


def check_stable(optimizer: Optimizer, strength: float) -> None:
    """Refuse a strength with which gradient descent overshoots θ* ever further.

    On the penalty alone, descent with momentum β converges if rate · λ · F < 2 (1 + β); the largest
    F of a tensor is 1.

    Raises:
        SegmentationError: names the strength, the learning rate and the largest strength that is
            stable.
    """
    if not isinstance(optimizer, torch.optim.SGD):
        return
    for group in optimizer.param_groups:
        limit = 2 * (1 + group["momentum"])
        if group["lr"] * strength >= limit:
            raise SegmentationError(
                f"ewc.strength = {strength:g}: diverges with a learning rate of {group['lr']:g}, "
                f"as their product must stay below {limit:g}; take less than "
                f"{limit / group['lr']:g}, or lower the rate"
            )


@HOOKS.register_module()
class EwcHook(Hook):
    """Tracks the importance F of every trained parameter, then holds on to what is important.

    Up to the switch F ← d·g² + (1 − d)·F, from 1, with every step. At the switch θ* are the
    parameters and F is scaled to [0, 1] per tensor; from then on the gradient of
    λ/2 · Σ F (θ − θ*)² is added before each step (supplement, Eq. 1).

    Acts right before the optimizer steps, on the gradients it steps with: after accumulation, after
    the mean over processes, and after a loss scaler has undone its scale. Checkpoints carry F and
    θ*, so a training may go on before the switch, after it, or exactly there.
    """

    # Before the learning curve, which records the penalty.
    priority = "NORMAL"

    def __init__(
        self, strength: float, start: int, fisher_decay: float = 0.9, log_interval: int = 100
    ) -> None:
        """Set strength and switch.

        Args:
            strength: λ, not negative; 0 only tracks F.
            start: iterations before the switch, at least 1: batches over all epochs, as MMEngine
                counts them. A step whose accumulated gradients are of both sides is after it.
            fisher_decay: d, the share of the newest squared gradient, in (0, 1].
            log_interval: iterations between two values of the penalty in the outputs of the
                training step (`ewc_penalty`), which logs and learning curves show.

        Raises:
            ValueError: `start` is below 1, where nothing has been learnt that could be kept.
        """
        if start < 1:
            raise ValueError(f"EwcHook: start = {start}; EWC needs at least 1 iteration before it")
        self.strength = strength
        self.start = start
        self.fisher_decay = fisher_decay
        self.log_interval = log_interval
        self._loaded: dict[str, dict[str, Tensor]] = {FISHER: {}, ANCHORS: {}}
        self._ewc: ElasticWeightConsolidation

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take F and θ* of the checkpoint."""
        self._loaded = {key: checkpoint.get(key, {}) for key in (FISHER, ANCHORS)}

    def before_train(self, runner: Runner) -> None:
        """Start from ones, or go on from the checkpoint, and watch the optimizer.

        Raises:
            SegmentationError: the training goes on after the switch and the checkpoint has no F, or
                θ* of other parameters.
        """
        optimizer = runner.optim_wrapper.optimizer
        trained = optimised_parameters(runner.model, optimizer)
        self._ewc = ElasticWeightConsolidation(trained, self.strength, self.fisher_decay)
        fisher, anchors = self._loaded[FISHER], self._loaded[ANCHORS]
        if runner.iter >= self.start and not trained.keys() <= fisher.keys():
            raise SegmentationError(
                "the checkpoint that the training goes on from has no Fisher information; train "
                f"the {self.start} iterations before the switch with EwcHook as well"
            )
        kept = self._ewc.state_dict()["fisher"]
        kept |= {name: each for name, each in fisher.items() if name in trained}
        try:
            self._ewc.load_state_dict({"fisher": kept, "anchors": anchors})
        except ValueError as error:
            raise SegmentationError(f"cannot go on from this checkpoint: {error}") from None

        def before_step(*_: Any) -> None:
            if runner.iter >= self.start and not self._ewc.switched:
                check_stable(optimizer, self.strength)
                self._ewc.switch()
            self._ewc.after_backward()

        optimizer.register_step_pre_hook(before_step)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Add the penalty's value after the step to the outputs, every so often."""
        due = (runner.iter + 1) % self.log_interval == 0
        if self._ewc.switched and due and outputs is not None:
            outputs["ewc_penalty"] = self._ewc.penalty()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add F, and after the switch θ*, to a checkpoint."""
        state = self._ewc.state_dict()
        checkpoint[FISHER] = {name: each.cpu() for name, each in state["fisher"].items()}
        if self._ewc.switched:
            checkpoint[ANCHORS] = {name: each.cpu() for name, each in state["anchors"].items()}
