"""A server, a file on it, and a short patience."""

import hashlib
from collections.abc import Callable, Iterator
from random import Random

import pytest
from loopback import Loopback, serve

from smallobjects.fetching.parameters import RemoteFile
from smallobjects.fetching.transfer import Patience

CONTENT = Random(5).randbytes(3_000_000)


@pytest.fixture
def server(monkeypatch) -> Iterator[Loopback]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve() as running:
        yield running


@pytest.fixture
def content() -> bytes:
    """Bytes that do not repeat, more than one chunk of a transfer."""
    return CONTENT


@pytest.fixture
def hasty() -> Patience:
    return Patience(connect=2, read=0.5, attempts=2, pause=0.01)


@pytest.fixture
def remote() -> Callable[..., RemoteFile]:
    """Describe a file by its addresses and its whole content."""

    def make(*urls: str, data: bytes | None = CONTENT, **changes) -> RemoteFile:
        known = {}
        if data is not None:
            known = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        described = {"urls": urls, "stated_by": "the test", "confirmed": False, **known, **changes}
        return RemoteFile(**described)

    return make
