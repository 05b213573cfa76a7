"""A word on bytes: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_LINES = 10
_SECONDS = 60.0


class ByteCounter(Protocol):
    """Is told how many bytes are there."""

    def update(self, done: int) -> None:
        """Take note that `done` bytes are there."""


@contextmanager
def byte_progress(description: str, done: int, total: int | None) -> Iterator[ByteCounter]:
    """Yield a counter that starts at `done` of `total` bytes."""
    if not sys.stderr.isatty():
        lines = _Lines(description, done, total)
        yield lines
        lines.finish()
        return
    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), *columns, console=Console(stderr=True)
    )
    with bar:
        yield _Bar(bar, description, done, total)


class _Bar:
    def __init__(self, bar: Progress, description: str, done: int, total: int | None) -> None:
        self._bar = bar
        self._task = bar.add_task(description, completed=done, total=total)

    def update(self, done: int) -> None:
        self._bar.update(self._task, completed=done)


class _Lines:
    """Says something at every tenth of the total, and after every minute."""

    def __init__(self, description: str, done: int, total: int | None) -> None:
        self._description, self._done, self._total = description, done, total
        self._step = self._step_of(done)
        self._said_at = time.monotonic()
        self._say()

    def update(self, done: int) -> None:
        self._done = done
        step = self._step_of(done)
        if step > self._step or time.monotonic() - self._said_at > _SECONDS:
            self._step = step
            self._say()

    def finish(self) -> None:
        if self._step_of(self._done) < _LINES:
            self._say()

    def _step_of(self, done: int) -> int:
        return done * _LINES // self._total if self._total else 0

    def _say(self) -> None:
        self._said_at = time.monotonic()
        of = "" if self._total is None else f" of {decimal(self._total)}"
        print(f"{self._description}: {decimal(self._done)}{of}", file=sys.stderr, flush=True)
