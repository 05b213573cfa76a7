"""A word on the progress of a long list."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Result = TypeVar("Result")

PLAIN_LINES = 10


def with_progress(results: Iterable[Result], total: int, description: str) -> Iterator[Result]:
    """Pass results through, with a bar on a terminal and a line now and then in a log."""
    if sys.stderr.isatty():
        yield from track(
            results, description=description, total=total, console=Console(stderr=True)
        )
        return
    step = max(1, -(-total // PLAIN_LINES))
    for done, result in enumerate(results, start=1):
        yield result
        if done % step == 0 or done == total:
            print(f"{description}: {done} of {total}", file=sys.stderr, flush=True)
