"""Which requests a local web tool answers.

Pages of other sites run in the same browser as the tool's own, and reach its address. What they
could do is ruled out here: a name of theirs that leads to this machine (DNS rebinding) is no known
host, and a write of theirs names their origin. Where others can reach the port, a token is asked.
"""

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from werkzeug.exceptions import Forbidden, MisdirectedRequest, UnsupportedMediaType
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

LOOPBACK = ("localhost", "127.0.0.1", "::1")
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Guard:
    """The names under which the tool is reached, and the token that it asks for."""

    hosts: frozenset[str] = frozenset(LOOPBACK)
    """Host names, in lower case, without ports."""
    any_address: bool = False
    """Whether a bare IP address will do: it cannot be rebound, as a name can."""
    token: str | None = None
    """Asked for once in the address, and from then on in a cookie. None: nothing is asked for."""
    cookie: str = "smallobjects"

    def check(self, request: Request) -> Response | None:
        """Refuse a request, or return the answer to one that brings the token in its address.

        Raises:
            MisdirectedRequest: it is for another host.
            Forbidden: it lacks the token, or another site wants to write.
            UnsupportedMediaType: it writes something else than JSON.
        """
        self._check_host(request)
        if request.method not in READS:
            _check_write(request)
        return self._check_token(request)

    def _check_host(self, request: Request) -> None:
        name = _host_name(request.headers.get("Host", ""))
        if name in self.hosts or (self.any_address and _is_address(name)):
            return
        raise MisdirectedRequest(
            f"This server does not answer for the host {name!r}, only for "
            f"{', '.join(sorted(self.hosts))}; start it with --allow-host NAME to add one."
        )

    def _check_token(self, request: Request) -> Response | None:
        if self.token is None or _equal(request.cookies.get(self.cookie), self.token):
            return None
        if request.method == "GET" and _equal(request.args.get("token"), self.token):
            response = redirect(request.path, HTTPStatus.SEE_OTHER)
            # Lax: the link is opened from a message, which a strict cookie would not survive.
            response.set_cookie(self.cookie, self.token, httponly=True, samesite="Lax")
            return response
        raise Forbidden("Open the address with the token that the server printed when it started.")


def guard_for(bind: str, port: int, allowed: Iterable[str] = ()) -> Guard:
    """Return the guard of a server that listens on `bind`.

    Beyond loopback it asks for a token of 128 random bits, and also answers for this machine's
    name, for bare addresses and for the names in `allowed`.
    """
    names = frozenset(name.lower() for name in (*LOOPBACK, *allowed))
    cookie = f"smallobjects-{port}"
    if bind in LOOPBACK:
        return Guard(names, cookie=cookie)
    own = frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})
    return Guard(names | own, True, secrets.token_hex(16), cookie)


def _check_write(request: Request) -> None:
    if request.headers.get("Origin") != f"http://{request.headers.get('Host')}":
        raise Forbidden("Only pages of this server may write, and they name it as their origin.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forbidden("Only pages of this server may write.")
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("What is written must be JSON.")


def _host_name(host: str) -> str:
    """Return the name in a Host header, without its port and the brackets of IPv6."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _equal(given: str | None, expected: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())
