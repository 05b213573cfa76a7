"""The learning curve: in the log while a training runs, and in a table."""

import csv
import logging
import math
import time
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.visualization import TensorboardVisBackend
from torch import Tensor

from smallobjects.segmentation.distributed import over_processes, process_count, process_rank
from smallobjects.segmentation.errors import SegmentationError

KEY = "learning_curve"
COLUMNS = ("iteration", "learning_rate", "loss", "ewc_penalty")
logger = logging.getLogger(__name__)


@HOOKS.register_module()
class LearningCurveHook(Hook):
    """Records the mean loss of every `log_interval` iterations, across restarts.

    `loss` is what is back-propagated; the EWC penalty, whose gradient is added later, is recorded
    beside it. `learning_rate` is that of the optimizer's first parameter group. A loss that is not
    finite ends the training before a checkpoint is written of it.
    """

    # After the EWC hook, and before the scheduler changes the learning rate.
    priority = "BELOW_NORMAL"

    def __init__(self, log_interval: int) -> None:
        """Set the number of iterations that a row averages over."""
        self.log_interval = log_interval
        self._rows: list[dict[str, float]] = []
        self._losses: list[Any] = []
        self._since = (0, time.monotonic())

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on from the rows of the checkpoint."""
        curve = checkpoint.get(KEY, {"rows": [], "losses": []})
        self._rows, self._losses = list(curve["rows"]), list(curve["losses"])

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        self._since = (runner.iter, time.monotonic())

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Record the iteration's loss, and log where a row is full."""
        outputs = outputs or {}
        # Kept as a tensor: reading its value each time would make a GPU wait.
        self._losses.append(outputs["loss"].detach())
        if (runner.iter + 1) % self.log_interval == 0:
            self._close_row(runner, runner.iter + 1, outputs.get("ewc_penalty"))

    def before_gathering(self, runner: Runner) -> None:
        """Average the losses of the row that is not full over all processes."""
        self._losses = _finite(self._losses, runner.iter + 1)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the rows, and the losses of the row that is not full, to a checkpoint."""
        checkpoint[KEY] = {"rows": list(self._rows), "losses": list(self._losses)}

    def _close_row(self, runner: Runner, iteration: int, penalty: Any) -> None:
        losses = _finite(self._losses, iteration)
        rate = runner.optim_wrapper.optimizer.param_groups[0]["lr"]
        row = {"iteration": iteration, "learning_rate": rate, "loss": sum(losses) / len(losses)}
        if penalty is not None:
            row["ewc_penalty"] = float(penalty)
        start, started = self._since
        self._since = (iteration, time.monotonic())
        seconds = (self._since[1] - started) / (iteration - start)
        self._rows.append(row)
        self._losses = []
        runner.visualizer.add_scalars(_scalars(row), step=iteration)
        if process_rank() > 0:
            return
        values = "  ".join(f"{key} {row[key]:.4g}" for key in COLUMNS[1:] if key in row)
        logger.info(
            "iteration %d of %d  %s  %.3f s each", iteration, runner.max_iters, values, seconds
        )


def _finite(losses: list[Any], iteration: int) -> list[float]:
    """Return losses, averaged over processes, or refuse to go on with a network that is lost.

    Raises:
        SegmentationError: one of them is infinite or not a number.
    """
    values = _averaged(losses)
    if not all(map(math.isfinite, values)):
        raise SegmentationError(
            f"iteration {iteration}: the loss is {values[-1]}, so the training has diverged; lower "
            "optim_wrapper.optimizer.lr, or start from pretrained weights"
        )
    return values


def _averaged(losses: list[Any]) -> list[float]:
    """Return the mean of each loss over all processes; numbers among them are means already."""
    fresh = [place for place, loss in enumerate(losses) if isinstance(loss, Tensor)]
    values = list(losses)
    if fresh:
        means = over_processes(torch.stack([losses[place] for place in fresh])) / process_count()
        for place, mean in zip(fresh, means.tolist(), strict=True):
            values[place] = mean
    return values


def write_curve(rows: list[dict[str, float]], target: Path) -> None:
    """Write the rows of a learning curve as CSV; a value that was not recorded is left empty."""
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_tensorboard(rows: list[dict[str, float]], folder: Path) -> None:
    """Write the rows of a learning curve as TensorBoard's events."""
    board = TensorboardVisBackend(save_dir=str(folder))
    for row in rows:
        board.add_scalars(_scalars(row), step=row["iteration"])
    board.close()


def _scalars(row: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in row.items() if name != "iteration"}
