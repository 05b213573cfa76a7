"""Progress of long loops: a bar in a terminal, a plain line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 30.0


def progress(items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
    """Yield the items and show on standard error how many of `total` are done."""
    if sys.stderr.isatty():
        console = Console(stderr=True)
        yield from track(items, description=description, total=total, console=console)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES or done == total:
            print(f"{description}: {done}/{total}, {now - start:.0f} s", file=sys.stderr)
            last = now
