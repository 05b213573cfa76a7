"""Servers that never give the file: a bounded number of requests, with pauses, then one line."""

import pytest
from loopback import Fault

from smallobjects.fetching import fetch
from smallobjects.fetching.errors import FetchError
from smallobjects.fetching.fetch import fetch_file
from smallobjects.fetching.transfer import Patience

CUT = 1_000_000


@pytest.fixture
def pauses(monkeypatch):
    """The pauses that were made, none of which is waited for."""
    made = []
    monkeypatch.setattr(fetch.time, "sleep", made.append)
    return made


def refused(remote, *urls, target, patience, **described):
    with pytest.raises(FetchError) as caught:
        fetch_file("file", remote(*urls, **described), target, patience)
    first, *failures, _ = str(caught.value).splitlines()
    assert first == f"{target}: cannot be fetched."
    assert len(failures) == len(urls)
    return failures[0]


def test_another_version_over_a_line_that_breaks_in_every_pass(
    server, content, remote, tmp_path, pauses
):
    url = server.put("file", content[::-1])
    for place in range(500):
        server.faults["file"] += [Fault(cut_after=CUT + 1000 * place), Fault()]
    patience = Patience(attempts=2, pause=1.0, passes=4)
    line = refused(remote, url, target=tmp_path / "file", patience=patience)
    assert "the file is not the one that is expected: its SHA-256 is" in line
    assert len(server.requests) == 2 * patience.passes
    between = [pause for pause in pauses if pause > patience.pause]
    assert between == [2, 4, 8]
    assert not (tmp_path / ".file.part").exists()


def test_a_server_that_answers_416_to_every_rest(server, content, remote, tmp_path, pauses):
    url = server.put("file", content)
    for _ in range(500):
        server.faults["file"] += [Fault(cut_after=CUT), Fault(status=416)]
    line = refused(remote, url, target=tmp_path / "file", patience=Patience(pause=1.0))
    assert line.startswith(f"{url}: ")
    assert len(server.requests) <= 10
    assert pauses[-1] > pauses[0]


@pytest.mark.parametrize("states_length", [True, False])
def test_an_empty_body_is_no_file(server, remote, hasty, tmp_path, states_length):
    url = server.put("file", b"", states_length=states_length)
    line = refused(remote, url, target=tmp_path / "file", patience=hasty, data=None)
    assert line == f"{url}: the file is not the one that is expected: it is empty"
    assert not (tmp_path / "file").exists()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1/file",
        "http://127.0.0.1:99999999/file",
        "http://127.0.0.1:port/file",
        "http:///file",
        "gopher://127.0.0.1/file",
        "http://" + "a" * 70 + ".example/file",
        "http://.example./file",
        "//",
    ],
)
def test_a_redirect_to_what_is_no_address_is_one_line(
    server, content, remote, hasty, tmp_path, location
):
    url = server.put("file", content)
    server.faults["file"] = [Fault(location=location)] * 11
    line = refused(remote, url, target=tmp_path / "file", patience=hasty)
    assert line.startswith(f"{url}: ")
    # Some of these lead back to the server itself, until there were ten redirects.
    assert len(server.requests) <= 11
    mirror = server.put("mirror", content)
    fetch_file("file", remote(url, mirror), tmp_path / "file", hasty)
    assert (tmp_path / "file").read_bytes() == content
