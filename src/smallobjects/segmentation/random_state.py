"""The random state of every process of a training, saved and restored with its checkpoints."""

from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from smallobjects.random_state import random_state, restore_random_state
from smallobjects.segmentation.distributed import from_every_process, process_rank

KEY = "random_state"


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Saves the random state of every process with each checkpoint, and restores it on resuming."""

    def __init__(self) -> None:
        """Start without states."""
        self._loaded: list[dict[str, Any]] = []
        self._gathered: list[dict[str, Any]] = []
        self._started = False

    def before_gathering(self, runner: Runner) -> None:
        """Collect the states: `AtomicCheckpointHook` calls this in every process."""
        self._gathered = from_every_process(random_state())

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the random states to a checkpoint."""
        checkpoint[KEY] = self._gathered

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the states of a loaded checkpoint until the first iteration."""
        self._loaded = checkpoint.get(KEY, [])

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Restore the state: not earlier, as starting a data loader draws random numbers.

        A process of which no state was saved goes on from one of its own: its dropout is not that
        of the first process.
        """
        if self._started:
            return
        self._started = True
        rank = process_rank()
        if rank < len(self._loaded):
            restore_random_state(self._loaded[rank])
        elif rank > 0:
            torch.manual_seed(
                int(np.random.SeedSequence([runner.seed, runner.iter, rank]).generate_state(1)[0])
            )
