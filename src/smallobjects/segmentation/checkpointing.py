"""Checkpoints that are whole or not there."""

import sys
from pathlib import Path
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor

from smallobjects.backbones.torch_files import read_torch_file
from smallobjects.errors import BadInputError
from smallobjects.publishing import publish_file
from smallobjects.segmentation.distributed import process_rank
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.termination import termination_asked
from smallobjects.termination import TerminatedError

# MMEngine's resume asks for a message hub; its log would make equal trainings differ in bytes.
NO_MESSAGES = {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}}


@HOOKS.register_module()
class AtomicCheckpointHook(Hook):
    """Writes `iter_<n>.pth` every so often, after the last iteration, and when it is asked to end.

    MMEngine's own hook writes in place and deletes the predecessor first; here a checkpoint appears
    when it is whole, and only then the oldest ones go. Hooks that need something of every process
    for it have a method `before_gathering(runner)`, which is called in all of them.
    """

    # After every hook that changes what a checkpoint holds.
    priority = "VERY_LOW"

    def __init__(self, interval: int, keep: int = 2) -> None:
        """Set the interval.

        Args:
            interval: iterations between two checkpoints.
            keep: how many of the newest stay, at least 1.
        """
        self.interval = interval
        self.keep = max(keep, 1)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Write a checkpoint where one is due: in the first process, with the state of all.

        Raises:
            TerminatedError: SIGTERM or Ctrl-C came; the checkpoint of this iteration is written.
        """
        done = runner.iter + 1
        finished = done == runner.max_iters
        ending = not finished and termination_asked(get_device())
        if done % self.interval and not finished and not ending:
            return
        runner.call_hook("before_gathering")
        if process_rank() == 0:
            self._save(runner, done)
        if ending:
            raise TerminatedError(
                f"stopped as asked after iteration {done}, of which a checkpoint is saved; start "
                "again to go on from it"
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Leave plain data alone in a checkpoint, after all other hooks, so that it can be read."""
        checkpoint["message_hub"] = NO_MESSAGES
        plain = canonical(checkpoint)
        checkpoint.clear()
        checkpoint.update(plain)

    def _save(self, runner: Runner, done: int) -> None:
        folder = Path(runner.work_dir)
        with publish_file(folder / f"iter_{done}.pth") as partial:
            runner.save_checkpoint(str(partial.parent), partial.name, by_epoch=False)
        for old in checkpoints(folder)[: -self.keep]:
            old.unlink()


def checkpoints(folder: Path) -> list[Path]:
    """Return the whole checkpoints in a folder, the newest last."""
    return sorted(folder.glob("iter_*.pth"), key=iteration_of)


def iteration_of(checkpoint: Path) -> int:
    """Return how many iterations stand behind a checkpoint `iter_<n>.pth`."""
    return int(checkpoint.stem.removeprefix("iter_"))


def canonical(value: Any) -> Any:
    """Return nested containers rebuilt so that equal content is saved as equal bytes.

    Pickle writes an object that occurs twice as a reference and an equal copy in full; which of the
    two it meets depends on whether a training was resumed. Tensors become compact CPU copies.
    Functions, which some learning-rate schedulers keep in their state and make anew when they are
    built, are left out: a file without them can be read without running what it holds.
    """
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True).contiguous()
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not callable(item)}
        return {canonical(key): canonical(item) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        return type(value)(canonical(item) for item in value)
    return sys.intern(value) if isinstance(value, str) else value


def save(content: dict[str, Any], target: Path) -> None:
    """Publish a checkpoint with equal bytes for equal content."""
    with publish_file(target) as partial, partial.open("wb") as file:
        # A file object, as torch writes a file's name into it.
        torch.save(canonical(content), file)


def load(path: Path) -> dict[str, Any]:
    """Return a checkpoint that `save` wrote, on the CPU.

    Raises:
        SegmentationError: the file is damaged, or no such checkpoint.
    """
    try:
        content = read_torch_file(path, "a checkpoint", "remove it and train it again")
    except BadInputError as error:
        raise SegmentationError(str(error)) from error
    if not isinstance(content, dict) or not {"meta", "state_dict"} <= content.keys():
        raise SegmentationError(f"{path}: not a checkpoint of `smallobjects train-segmentor`")
    return content
