"""One process at a time writes an output.

The lock is a small file beside the output, `.<name>.lock`, that names who holds it. It goes with
its process, however that ends, and reaches over the machines that share a folder by NFS. Where a
file system has no locks, nothing is held back; scratch files have names of their own there too.
"""

import errno
import fcntl
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smallobjects.errors import BadInputError

_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
# A process never keeps itself out of a POSIX lock, and loses it when it closes the file elsewhere.
_held_here: dict[Path, int] = {}
"""The thread that holds each lock of this process."""
_held_here_guard = threading.Lock()


class BeingWrittenError(BadInputError):
    """Another process, or another thread of this one, writes the same output."""


def this_process() -> str:
    """Return a name, without a dot, that no other process has on machines that share a folder."""
    return f"{socket.gethostname().replace('.', '_')}-{os.getpid()}"


@contextmanager
def only_writer(target: Path, patience: float = 10.0) -> Iterator[bool]:
    """Be the one that writes `target`, or a folder of that name, while the block runs.

    A block inside such a block, of the same thread, for the same target, changes nothing.

    Args:
        target: the output; its folder exists.
        patience: seconds to wait for another that writes it. A longer wait is told on standard
            error.

    Yields:
        Whether that is certain: False on a file system without locks.

    Raises:
        BeingWrittenError: it is still written then; the message names the process.
    """
    lock = target.absolute().with_name(f".{target.name}.lock")
    if _held_here.get(lock) == threading.get_ident():
        yield True
        return
    wait = _Wait(target, patience)
    while not _claim(lock):
        wait.once(f"another thread of process {os.getpid()}")
    descriptor = None
    try:
        descriptor = _take(lock, wait)
        yield descriptor is not None
    finally:
        if descriptor is not None:
            lock.unlink(missing_ok=True)
            os.close(descriptor)
        with _held_here_guard:
            del _held_here[lock]


class _Wait:
    """Waits for whoever writes a target, for some time."""

    def __init__(self, target: Path, patience: float) -> None:
        self.target = target
        self._start = time.monotonic()
        self._patience = patience
        self._told = False

    def once(self, holder: str) -> None:
        """Wait a moment, or refuse; tell it once."""
        waited = time.monotonic() - self._start
        if waited > self._patience:
            raise BeingWrittenError(
                f"{self.target}: is being written by {holder}; wait until that has ended, or end "
                "it, and start again"
            )
        if waited > 1 and not self._told:
            print(
                f"{self.target}: is being written by {holder}; waiting", file=sys.stderr, flush=True
            )
            self._told = True
        time.sleep(0.05)


def _claim(lock: Path) -> bool:
    """Take the lock among the threads of this process, if it is free."""
    with _held_here_guard:
        if lock in _held_here:
            return False
        _held_here[lock] = threading.get_ident()
        return True


def _take(lock: Path, wait: _Wait) -> int | None:
    """Return the descriptor of the locked file; None where the file system has no locks."""
    while True:
        descriptor = _open(lock, wait.target)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(lock, descriptor):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, _holder().encode(), 0)
                return descriptor
        except OSError as error:
            os.close(descriptor)
            if error.errno in _WITHOUT_LOCKS:
                lock.unlink(missing_ok=True)
                return None
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                raise
            wait.once(_written_by(lock))
        else:
            # Its last holder has removed it: the next to come would lock another file.
            os.close(descriptor)


def _open(lock: Path, target: Path) -> int:
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError as error:
        if not lock.exists():
            raise
        raise BeingWrittenError(
            f"{target}: {lock.name} beside it belongs to another user ({_written_by(lock)}); "
            "if that process has ended, remove the file"
        ) from error


def _is_there(lock: Path, descriptor: int) -> bool:
    """Return whether the file that was locked is still the one of that name."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _holder() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}, since {time.strftime('%F %T')}"


def _written_by(lock: Path) -> str:
    try:
        return lock.read_text() or "another process"
    except OSError:
        return "another process"
