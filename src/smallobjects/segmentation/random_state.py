"""The state of every random generator, so that a resumed training goes on as if never stopped."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from smallobjects.segmentation.distributed import from_every_process, process_rank

KEY = "random_state"


def random_state() -> dict[str, Any]:
    """Return the states of Python's, NumPy's and torch's generators, on all devices."""
    name, words, *rest = np.random.get_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {
        "python": random.getstate(),
        # As a tensor, so that the file can be read without unpickling arbitrary objects.
        "numpy": (name, torch.from_numpy(words.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Put the states of `random_state` back; those of GPUs only as far as there are that many."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, numpy_words, *rest = state["numpy"]
    np.random.set_state((name, numpy_words.cpu().numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"].cpu())
    devices = torch.cuda.device_count() if torch.cuda.is_initialized() else 0
    for device, cuda_state in enumerate(state["cuda"][:devices]):
        torch.cuda.set_rng_state(cuda_state.cpu(), device)


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
                int(np.random.SeedSequence([runner.seed, batch_idx, rank]).generate_state(1)[0])
            )
