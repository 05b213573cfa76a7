"""A disk without room stops the work with a word on how much is missing; nothing is lost."""

import resource
import shutil
import zipfile
from collections import namedtuple

import pytest

from smallobjects.fetching.errors import FetchError
from smallobjects.fetching.fetch import fetch_file
from smallobjects.fetching.partial import PartialFile
from smallobjects.fetching.unpack import unpack

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def free(monkeypatch):
    def say(size):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**9, 0, size))

    return say


@pytest.fixture
def largest_file():
    """Limit the size of every file that this process writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_room_is_asked_for_before_anything_comes(
    server, content, remote, hasty, tmp_path, free
):
    urls = [server.put("file", content), server.put("mirror", content)]
    free(len(content) - 1)
    with pytest.raises(FetchError, match="make room for 1 more") as raised:
        fetch_file("file", remote(*urls), tmp_path / "file", hasty)
    assert f"{tmp_path}: file (the rest of it) needs 3,000,000 bytes" in str(raised.value)
    assert len(server.requests) == 1, "another address does not help"
    free(len(content))
    fetch_file("file", remote(*urls), tmp_path / "file", hasty)


def test_only_the_rest_must_fit(server, content, remote, hasty, tmp_path, free):
    url = server.put("file", content)
    PartialFile(tmp_path / "file").path.write_bytes(content[:-10])
    free(10)
    fetch_file("file", remote(url), tmp_path / "file", hasty)


def test_a_disk_that_fills_keeps_what_came(server, content, remote, hasty, tmp_path, largest_file):
    url = server.put("file", content)
    largest_file(1_000_000)
    with pytest.raises(FetchError, match=r"cannot be written on.*goes on where it stopped"):
        fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert PartialFile(tmp_path / "file").size == 1_000_000
    largest_file(resource.RLIM_INFINITY)
    fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert (tmp_path / "file").read_bytes() == content
    assert server.requests[-1].headers["Range"] == "bytes=1000000-"


def test_a_disk_that_fills_while_unpacking_leaves_nothing(content, tmp_path, largest_file):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("top/small", b"small")
        archive.writestr("top/large", content)
    largest_file(1_000_000)
    with pytest.raises(FetchError, match=r"cannot be written on.*from the beginning"):
        unpack(tmp_path / "archive.zip", "top", tmp_path / "out")
    largest_file(resource.RLIM_INFINITY)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".out.p", "out"))]
    unpack(tmp_path / "archive.zip", "top", tmp_path / "out")
    assert (tmp_path / "out" / "large").read_bytes() == content
