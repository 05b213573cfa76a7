"""An HTTP server on loopback that knows ranges and validators, and misbehaves as told."""

import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Resource:
    """A file on the server."""

    data: bytes
    etag: str | None = '"one"'
    last_modified: str | None = "Wed, 01 Jan 2020 00:00:00 GMT"
    content_type: str = "application/octet-stream"
    knows_ranges: bool = True
    states_length: bool = True


@dataclass
class Fault:
    """What goes wrong in one response."""

    status: int | None = None
    """Answer this, with a page in HTML."""
    location: str | None = None
    """Redirect there."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    stall_after: int | None = None
    """Send nothing more after so many bytes, and keep the connection."""
    stated_length: int | None = None
    """State this length, whatever is sent."""
    shifted_by: int = 0
    """Answer a range that begins so many bytes later."""
    ignores_if_range: bool = False


@dataclass
class Request:
    """A request that came, and what was answered."""

    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


@dataclass
class Loopback:
    """The server's content and what it saw."""

    address: str
    resources: dict[str, Resource] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    """By path; each is used up by one request."""
    requests: list[Request] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"{self.address}/{path}"

    def put(self, path: str, data: bytes, **changes) -> str:
        """Put a file on the server and return its address."""
        self.resources[path] = Resource(data, **changes)
        return self.url(path)

    def asked(self, path: str) -> list[Request]:
        """The requests for a path."""
        return [request for request in self.requests if request.path == path]


@contextmanager
def serve() -> Iterator[Loopback]:
    """Run a server for the duration of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.state = Loopback(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.state
    finally:
        server.state.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments) -> None:
        pass

    def do_GET(self) -> None:
        state = self.server.state
        path = self.path.lstrip("/")
        self.request_seen = Request(path, dict(self.headers))
        state.requests.append(self.request_seen)
        waiting = state.faults[path]
        fault = waiting.pop(0) if waiting else Fault()
        resource = state.resources.get(path)
        self.close_connection = True
        if fault.location is not None:
            self._start(302, {"Location": fault.location, "Content-Length": "0"})
        elif fault.status is not None or resource is None:
            self._page(fault.status or 404)
        else:
            self._file(resource, fault)

    def _file(self, resource: Resource, fault: Fault) -> None:
        data, total = resource.data, len(resource.data)
        headers = {"Content-Type": resource.content_type}
        if resource.etag:
            headers["ETag"] = resource.etag
        if resource.last_modified:
            headers["Last-Modified"] = resource.last_modified
        first = self._first_byte(resource, fault)
        if first is not None and first >= total:
            self._start(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"})
            return
        if first is not None:
            first += fault.shifted_by
            headers["Content-Range"] = f"bytes {first}-{total - 1}/{total}"
            data = data[first:]
        if resource.states_length:
            headers["Content-Length"] = str(fault.stated_length or len(data))
        self._start(200 if first is None else 206, headers)
        stop = fault.cut_after if fault.cut_after is not None else fault.stall_after
        self._send(data[:stop])
        if fault.stall_after is not None:
            self.server.state.closing.wait()

    def _first_byte(self, resource: Resource, fault: Fault) -> int | None:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None or not resource.knows_ranges:
            return None
        condition = self.headers.get("If-Range")
        if condition and not fault.ignores_if_range:
            # A weak entity tag never matches (RFC 9110, 13.1.5).
            strong = resource.etag if not (resource.etag or "").startswith("W/") else None
            if condition not in (strong, resource.last_modified):
                return None
        return int(match[1])

    def _page(self, status: int) -> None:
        page = b"<!DOCTYPE html><html><body>Something else</body></html>"
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page))}
        self._start(status, headers)
        self._send(page)

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.request_seen.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def _send(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
            self.wfile.flush()
            self.request_seen.sent = len(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
