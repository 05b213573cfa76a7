"""SIGTERM, by which a cluster ends a job, and Ctrl-C: a training saves what it has first."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_termination = SimpleNamespace(asked=False)


class TerminatedError(RuntimeError):
    """A training was asked to end, and has saved what it goes on from."""


@contextmanager
def deferred_termination(pass_on: bool = False) -> Iterator[None]:
    """Note SIGTERM and Ctrl-C instead of ending by them; who trains asks `termination_noted`.

    Outside the main thread, where signals cannot be handled, nothing changes.

    Args:
        pass_on: send them on to the child processes, which train for this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = _note_and_pass_on if pass_on else _note
    before = {each: signal.signal(each, handler) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, earlier in before.items():
            signal.signal(each, earlier)
        _termination.asked = False


def termination_noted() -> bool:
    """Tell whether a signal to end came since the block began."""
    return _termination.asked


def _note(number: int, frame: object) -> None:
    # A second signal may interrupt this one, so nothing here may take a lock.
    _termination.asked = True


def _note_and_pass_on(number: int, frame: object) -> None:
    for child in multiprocessing.active_children():
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)


def outlive_termination(worker_id: int) -> None:
    """Let a loader process end by SIGTERM only if its parent sends it, and not by Ctrl-C.

    A cluster signals all processes of a job at once, as a terminal does, and the training needs its
    loaders until it has saved.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_end_by_parent, daemon=True).start()


def _end_by_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        continue
    os._exit(0)
