"""Work through a long list in order, in one process or in several."""

import itertools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

CHUNK = 8


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int = 1,
    chunk_size: int = CHUNK,
) -> Iterator[Result]:
    """Yield `function(item)` in the order of the items.

    With several workers only a few chunks are under way at any time, so that memory does not grow
    with the number of items. An exception in a worker is raised here and stops the rest. Workers
    whose parent is killed end by themselves.

    Args:
        function: picklable, as the workers are fresh processes.
        items: picklable.
        workers: number of processes; 1 works in this one.
        chunk_size: how many items go to a worker at a time.
    """
    if workers == 1:
        yield from map(function, items)
        return
    items = iter(items)
    # Not forked: the parent may hold threads (a progress bar, Arrow), which a fork would break.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _end_with_parent) as pool:
        pending: deque = deque()
        try:
            while True:
                while len(pending) < 2 * workers and (
                    chunk := list(itertools.islice(items, chunk_size))
                ):
                    pending.append(pool.submit(_apply, function, chunk))
                if not pending:
                    return
                yield from pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """End this worker when its parent is gone, so that a killed run leaves nobody writing."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _apply(function: Callable[[Item], Result], chunk: list[Item]) -> list[Result]:
    return [function(item) for item in chunk]
