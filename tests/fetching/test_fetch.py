"""Fetching from a real server: the file comes whole and right, or not at all."""

import hashlib
import json

import pytest
from loopback import Fault

from smallobjects.fetching.errors import FetchError
from smallobjects.fetching.fetch import fetch_file
from smallobjects.fetching.records import FetchRecord, read_record, record_path


def names(folder):
    """What a user sees, and what is left of attempts; locks aside."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_a_file_comes_with_its_record(server, content, remote, hasty, tmp_path, capsys):
    url = server.put("file.tar", content)
    target = tmp_path / "archives" / "file.tar"
    record = fetch_file("file.tar", remote(url), target, hasty)
    assert target.read_bytes() == content
    assert read_record(target, FetchRecord) == record
    assert (record.url, record.size) == (url, len(content))
    assert record.sha256 == hashlib.sha256(content).hexdigest()
    assert record.matches_published
    assert names(target.parent) == {"file.tar", "file.tar.record.json"}
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "file.tar: 0 bytes of 3.0 MB"
    assert lines[-1] == "file.tar: 3.0 MB of 3.0 MB"
    assert not any("\r" in line or "\x1b" in line for line in lines)


def test_what_is_there_is_not_fetched_again(server, content, remote, hasty, tmp_path):
    url = server.put("file", content)
    first = fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert fetch_file("file", remote(url), tmp_path / "file", hasty) == first
    assert len(server.requests) == 1


@pytest.mark.parametrize("known", ["sha256", "sha256_prefix", "md5"])
def test_any_checksum_tells_a_wrong_file(server, content, remote, hasty, tmp_path, known):
    right = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "sha256_prefix": hashlib.sha256(content).hexdigest()[:8],
        "md5": hashlib.md5(content).hexdigest(),
    }[known]
    url = server.put("file", content)
    fetch_file("file", remote(url, data=None, **{known: right}), tmp_path / "right", hasty)
    wrong = ("0" if right[0] != "0" else "1") + right[1:]
    with pytest.raises(FetchError, match="not the one that is expected") as raised:
        fetch_file("file", remote(url, data=None, **{known: wrong}), tmp_path / "wrong", hasty)
    assert wrong in str(raised.value)
    assert "never compared with a server (stated by: the test)" in str(raised.value)
    assert not {name for name in names(tmp_path) if "wrong" in name}


def test_the_next_address_is_tried(server, content, remote, hasty, tmp_path):
    server.put("wrong", bytes(len(content)))
    server.put("short", content[:-1])
    server.put("page", b"<html>Log in</html>", content_type="text/html")
    server.put("right", content)
    paths = ["missing", "wrong", "short", "page", "right"]
    record = fetch_file("file", remote(*map(server.url, paths)), tmp_path / "file", hasty)
    assert record.url == server.url("right")
    assert (tmp_path / "file").read_bytes() == content
    assert [request.path for request in server.requests] == paths


def test_when_no_address_gives_it_all_reasons_are_told(server, content, remote, hasty, tmp_path):
    server.put("short", content[:-1])
    server.put("page", b"<html>Log in</html>", content_type="text/html")
    server.faults["refused"] = [Fault(status=403)]
    server.faults["broken"] = [Fault(status=500) for _ in range(9)]
    server.faults["round"] = [Fault(location=server.url("round")) for _ in range(50)]
    urls = [server.url(path) for path in ("gone", "refused", "broken", "short", "page", "round")]
    nobody = "http://127.0.0.1:1/file"
    with pytest.raises(FetchError) as raised:
        fetch_file("file", remote(*urls, nobody), tmp_path / "file", hasty)
    lines = str(raised.value).splitlines()
    for url, reason in zip(
        urls,
        [
            "the server answers 404 Not Found",
            "the server answers 403 Forbidden",
            "the server answers 500 Internal Server Error",
            "the server offers 2,999,999 bytes, not 3,000,000",
            "a web page comes in the file's place",
            "it redirects without end",
        ],
        strict=True,
    ):
        assert f"{url}: {reason}" in lines
    assert any(line.startswith(f"{nobody}: no connection") for line in lines)
    assert "settings.downloads" in lines[-1]
    assert len(server.asked("broken")) == hasty.attempts
    assert len(server.asked("refused")) == 1
    assert not names(tmp_path)


def test_a_server_that_recovers_is_asked_again(server, content, remote, hasty, tmp_path):
    url = server.put("file", content)
    server.faults["file"] = [Fault(status=503)]
    fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert [request.status for request in server.requests] == [503, 200]


def test_redirects_are_followed(server, content, remote, hasty, tmp_path):
    server.put("there", content)
    server.faults["here"] = [Fault(location=server.url("there"))]
    fetch_file("file", remote(server.url("here")), tmp_path / "file", hasty)
    assert (tmp_path / "file").read_bytes() == content


def test_a_page_without_a_content_type_is_no_file(server, remote, hasty, tmp_path):
    url = server.put("file", b"\n<!DOCTYPE html><html></html>")
    with pytest.raises(FetchError, match="web page"):
        fetch_file("file", remote(url, data=None), tmp_path / "file", hasty)
    assert not names(tmp_path)


def test_more_than_expected_is_not_written_on(server, content, remote, hasty, tmp_path):
    url = server.put("file", content + content, states_length=False)
    with pytest.raises(FetchError, match="more than the expected 3,000,000 bytes"):
        fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert not names(tmp_path)


class TestWithoutAPublishedChecksum:
    def test_the_found_one_is_recorded(self, server, content, remote, hasty, tmp_path, capsys):
        url = server.put("file", content)
        record = fetch_file("file", remote(url, data=None), tmp_path / "file", hasty)
        assert record.sha256 == hashlib.sha256(content).hexdigest()
        assert not record.matches_published
        assert f"its SHA-256 {record.sha256} is recorded" in capsys.readouterr().err

    def test_another_file_on_the_server_is_refused(self, server, content, remote, hasty, tmp_path):
        url, target = server.put("file", content), tmp_path / "file"
        fetch_file("file", remote(url, data=None), target, hasty)
        target.unlink()
        server.put("file", content[::-1], etag='"two"')
        for _ in range(2):
            with pytest.raises(FetchError, match="not the file that was fetched before"):
                fetch_file("file", remote(url, data=None), target, hasty)
        assert not target.exists()
        record_path(target).unlink()
        fetch_file("file", remote(url, data=None), target, hasty)
        assert target.read_bytes() == content[::-1]

    def test_a_change_on_the_disk_is_noticed(self, server, content, remote, hasty, tmp_path):
        url, target = server.put("file", content), tmp_path / "file"
        fetch_file("file", remote(url, data=None), target, hasty)
        target.write_bytes(content[::-1])
        with pytest.raises(FetchError, match="has changed since it was fetched"):
            fetch_file("file", remote(url, data=None), target, hasty)
        assert target.read_bytes() == content[::-1]


class TestAFileOfTheUser:
    def test_the_right_one_is_taken_without_the_network(self, content, remote, hasty, tmp_path):
        (tmp_path / "file").write_bytes(content)
        before = (tmp_path / "file").stat()
        record = fetch_file("file", remote("http://127.0.0.1:1/file"), tmp_path / "file", hasty)
        assert record.url is None
        after = (tmp_path / "file").stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_another_one_is_refused_and_left(self, server, content, remote, hasty, tmp_path):
        (tmp_path / "file").write_bytes(b"mine")
        url = server.put("file", content)
        with pytest.raises(FetchError, match=r"not file: it has 4 bytes.* left as it is"):
            fetch_file("file", remote(url), tmp_path / "file", hasty)
        assert (tmp_path / "file").read_bytes() == b"mine"
        assert names(tmp_path) == {"file"}
        assert not server.requests

    def test_a_folder_is_refused(self, content, remote, hasty, tmp_path):
        (tmp_path / "file").mkdir()
        (tmp_path / "file" / "mine").write_bytes(b"")
        with pytest.raises(FetchError, match="a folder is where a file is to be made"):
            fetch_file("file", remote("http://127.0.0.1:1/file"), tmp_path / "file", hasty)

    def test_a_record_that_cannot_be_read_is_named(self, content, remote, hasty, tmp_path):
        (tmp_path / "file").write_bytes(content)
        record_path(tmp_path / "file").write_text(json.dumps({"name": 3}))
        with pytest.raises(FetchError, match="not a record that can be read; delete it"):
            fetch_file("file", remote("http://127.0.0.1:1/file"), tmp_path / "file", hasty)
