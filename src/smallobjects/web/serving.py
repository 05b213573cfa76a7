"""The server: listens on one address until it is told to stop."""

import errno
import socket
from collections.abc import Callable, Iterable

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from smallobjects.web.application import Application
from smallobjects.web.guard import Guard, guard_for


class ServingError(ValueError):
    """An address that cannot be listened on; the message says why."""


class _Handler(WSGIRequestHandler):
    """Answers without a line in the terminal for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def open_server(
    make: Callable[[Guard], Application], bind: str, port: int, allowed: Iterable[str] = ()
) -> tuple[BaseWSGIServer, str]:
    """Listen, and return the server with the address to be opened.

    Args:
        make: makes the application with its guard.
        bind: an address of this machine; beyond loopback, the address has a token.
        port: 0 takes any that is free.
        allowed: further names under which the server is reached.

    Raises:
        ServingError: the address is taken, or is not of this machine.
    """
    try:
        listener = _listen(bind, port)
    except OSError as error:
        raise ServingError(_reason(error, bind, port)) from error
    port = listener.getsockname()[1]
    guard = guard_for(bind, port, allowed)
    server = make_server(
        bind, port, make(guard), threaded=True, request_handler=_Handler, fd=listener.fileno()
    )
    listener.close()
    return server, _address(bind, port, guard.token)


def _listen(bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.create_server((bind, port), family=family, backlog=64)
    listener.set_inheritable(True)
    return listener


def _reason(error: OSError, bind: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken; is the tool open already? Otherwise name another --port"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} needs rights that you lack; name a --port from 1024 on"
    return f"{bind} is no address of this machine ({error.strerror}); try 127.0.0.1"


def _address(bind: str, port: int, token: str | None) -> str:
    name = socket.gethostname() if bind in ("0.0.0.0", "::") else bind
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{port}/" + (f"?token={token}" if token else "")
