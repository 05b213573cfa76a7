"""A progress bar for whoever watches a training; logs get plain lines of the learning curve."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from smallobjects.segmentation.distributed import process_rank


@contextmanager
def training_progress(title: str, runner: Runner) -> Iterator[None]:
    """Show a bar while the block trains, if standard error is a terminal, instead of log lines."""
    if process_rank() > 0 or not sys.stderr.isatty():
        yield
        return
    columns = [*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn()]
    values = TextColumn("{task.fields[values]}")
    lines = logging.getLogger("smallobjects.segmentation.learning_curve")
    with Progress(*columns, values, console=Console(stderr=True)) as bar:
        runner.register_hook(ProgressHook(bar, title), priority="LOWEST")
        lines.disabled = True
        try:
            yield
        finally:
            lines.disabled = False


class ProgressHook(Hook):
    """Moves a bar, and shows the learning rate and the latest loss beside it every so often."""

    def __init__(self, bar: Progress, title: str, interval: int = 20) -> None:
        """Set the bar.

        Args:
            bar: it has a field `values`.
            title: stands before it.
            interval: iterations between two readings of the loss, for which a GPU waits.
        """
        self.bar = bar
        self.title = title
        self.interval = interval

    def before_train(self, runner: Runner) -> None:
        """Start where the training goes on."""
        self._task = self.bar.add_task(
            self.title, total=runner.max_iters, completed=runner.iter, values=""
        )

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Move the bar."""
        if outputs and runner.iter % self.interval == 0:
            rate = runner.optim_wrapper.optimizer.param_groups[0]["lr"]
            values = f"loss {float(outputs['loss']):.4g}  learning rate {rate:.3g}"
            self.bar.update(self._task, values=values)
        self.bar.update(self._task, completed=runner.iter + 1)
