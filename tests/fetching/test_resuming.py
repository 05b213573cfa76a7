"""A transfer that stops goes on where it stopped, and never mixes two files."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Fault, serve

from smallobjects.fetching.errors import FetchError
from smallobjects.fetching.fetch import fetch_file
from smallobjects.fetching.partial import PartialFile
from smallobjects.fetching.transfer import Patience

CUT = 1_000_000


@pytest.fixture
def begun(server, content, remote, tmp_path):
    """A file of which an earlier run fetched the first part, then was ended."""

    def begin(path="file", cut=CUT, data=content, **described):
        url, target = server.resources and server.url(path), tmp_path / path
        server.faults[path] = [Fault(cut_after=cut), Fault(status=403)]
        with pytest.raises(FetchError):
            fetch_file(path, remote(url, data=data, **described), target, Patience(pause=0))
        assert PartialFile(target).size == cut
        server.requests.clear()
        return url, target

    return begin


def test_a_cut_connection_goes_on_in_the_same_run(server, content, remote, hasty, tmp_path):
    url = server.put("file", content)
    server.faults["file"] = [Fault(cut_after=CUT), Fault(cut_after=CUT // 2)]
    fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert (tmp_path / "file").read_bytes() == content
    assert [request.status for request in server.requests] == [200, 206, 206]
    assert sum(request.sent for request in server.requests) == len(content)


def test_progress_is_patience(server, content, remote, hasty, tmp_path):
    """Only attempts in a row that bring nothing are counted."""
    url = server.put("file", content)
    server.faults["file"] = [Fault(cut_after=200_000) for _ in range(3 * hasty.attempts)]
    fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert (tmp_path / "file").read_bytes() == content


def test_a_stall_goes_on_in_the_same_run(server, content, remote, hasty, tmp_path, capsys):
    url = server.put("file", content)
    server.faults["file"] = [Fault(stall_after=CUT)]
    started = time.monotonic()
    fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert time.monotonic() - started < 5
    assert (tmp_path / "file").read_bytes() == content
    assert server.requests[1].headers["Range"] == f"bytes={CUT}-"
    assert "nothing came for 0.5 s" in capsys.readouterr().err


def test_a_server_that_stalls_for_good_gives_way(server, content, remote, hasty, tmp_path):
    server.put("slow", content)
    server.put("quick", content)
    server.faults["slow"] = [Fault(stall_after=0) for _ in range(9)]
    urls = [server.url("slow"), server.url("quick")]
    assert fetch_file("file", remote(*urls), tmp_path / "file", hasty).url == urls[1]


def test_the_next_run_goes_on(server, content, remote, hasty, tmp_path, begun):
    server.put("file", content)
    url, target = begun()
    fetch_file("file", remote(url), target, hasty)
    assert target.read_bytes() == content
    (request,) = server.requests
    assert request.headers["Range"] == f"bytes={CUT}-"
    assert request.headers["If-Range"] == '"one"'
    assert (request.status, request.sent) == (206, len(content) - CUT)
    assert not PartialFile(target).path.exists()


def test_a_weak_tag_gives_way_to_the_date(server, content, remote, hasty, begun):
    server.put("file", content, etag='W/"one"')
    url, target = begun()
    fetch_file("file", remote(url), target, hasty)
    assert server.requests[0].headers["If-Range"] == "Wed, 01 Jan 2020 00:00:00 GMT"
    assert server.requests[0].status == 206


def test_without_validators_the_checksum_of_the_whole_decides(
    server, content, remote, hasty, begun
):
    server.put("file", content, etag=None, last_modified=None)
    url, target = begun()
    fetch_file("file", remote(url), target, hasty)
    assert server.requests[0].status == 206
    assert target.read_bytes() == content


def test_without_validators_and_checksum_it_begins_anew(server, content, remote, hasty, begun):
    server.put("file", content, etag=None, last_modified=None)
    url, target = begun(data=None)
    fetch_file("file", remote(url, data=None), target, hasty)
    assert "Range" not in server.requests[0].headers
    assert target.read_bytes() == content


def test_a_server_without_ranges_begins_anew(server, content, remote, hasty, begun):
    server.put("file", content, knows_ranges=False)
    url, target = begun()
    fetch_file("file", remote(url), target, hasty)
    assert [request.status for request in server.requests] == [200]
    assert target.read_bytes() == content


def test_a_file_that_changed_in_between_begins_anew(server, content, remote, hasty, begun):
    server.put("file", content)
    url, target = begun(data=None)
    server.put("file", content[::-1], etag='"two"', last_modified=None)
    fetch_file("file", remote(url, data=None), target, hasty)
    assert [request.status for request in server.requests] == [200]
    assert target.read_bytes() == content[::-1]


def test_a_change_is_seen_where_the_server_ignores_if_range(server, content, remote, hasty, begun):
    server.put("file", content)
    url, target = begun(data=None)
    server.put("file", content[::-1], etag='"two"', last_modified=None)
    server.faults["file"] = [Fault(ignores_if_range=True)]
    fetch_file("file", remote(url, data=None), target, hasty)
    assert [request.status for request in server.requests] == [206, 200]
    assert target.read_bytes() == content[::-1]


def test_another_length_is_another_file(server, content, remote, hasty, begun):
    server.put("file", content, etag=None)
    url, target = begun(data=None)
    server.put("file", content + b"more", etag=None)
    fetch_file("file", remote(url, data=None), target, hasty)
    assert [request.status for request in server.requests] == [206, 200]
    assert target.read_bytes() == content + b"more"


def test_a_file_that_became_shorter_than_the_part(server, content, remote, hasty, begun):
    server.put("file", content)
    url, target = begun(data=None)
    server.put("file", content[: CUT // 2])
    fetch_file("file", remote(url, data=None), target, hasty)
    assert [request.status for request in server.requests] == [416, 200]
    assert target.read_bytes() == content[: CUT // 2]


def test_a_wrong_range_is_not_appended(server, content, remote, hasty, begun):
    server.put("file", content)
    url, target = begun()
    server.faults["file"] = [Fault(shifted_by=7)]
    fetch_file("file", remote(url), target, hasty)
    assert [request.status for request in server.requests] == [206, 200]
    assert target.read_bytes() == content


def test_a_length_that_promises_too_much(server, content, remote, hasty, tmp_path):
    url = server.put("file", content)
    server.faults["file"] = [Fault(stated_length=len(content) + 5)]
    with pytest.raises(FetchError, match="offers 3,000,005 bytes, not 3,000,000"):
        fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert not (tmp_path / "file").exists()


def test_a_promise_that_the_server_takes_back(server, content, remote, hasty, tmp_path, capsys):
    url = server.put("file", content)
    server.faults["file"] = [Fault(stated_length=len(content) + 5)]
    fetch_file("file", remote(url, data=None), tmp_path / "file", hasty)
    assert "the connection broke off in the middle" in capsys.readouterr().err
    assert [request.status for request in server.requests] == [200, 416]
    assert (tmp_path / "file").read_bytes() == content


def test_a_length_that_promises_too_little(server, content, remote, hasty, tmp_path):
    url = server.put("file", content)
    server.faults["file"] = [Fault(stated_length=CUT)]
    known = remote(url).model_copy(update={"size": None})
    with pytest.raises(FetchError, match="its SHA-256 is"):
        fetch_file("file", known, tmp_path / "file", hasty)
    assert not (tmp_path / "file").exists()


def test_an_unstated_length_that_falls_short_goes_on(server, content, remote, hasty, tmp_path):
    url = server.put("file", content, states_length=False)
    server.faults["file"] = [Fault(cut_after=CUT)]
    fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert [request.status for request in server.requests] == [200, 206]
    assert (tmp_path / "file").read_bytes() == content


def test_another_address_goes_on_with_the_part_of_the_first(server, content, remote, hasty, begun):
    server.put("file", content)
    first, target = begun()
    second = server.put("mirror", content, etag='"of the mirror"')
    server.faults["file"] = [Fault(status=404)]
    fetch_file("file", remote(first, second), target, hasty)
    (request,) = server.asked("mirror")
    assert request.headers["Range"] == f"bytes={CUT}-"
    assert "If-Range" not in request.headers
    assert target.read_bytes() == content


def test_parts_that_do_not_fit_are_fetched_once_more_as_a_whole(
    server, content, remote, hasty, begun, capsys
):
    server.put("file", content[::-1])
    wrong, target = begun()
    right = server.put("mirror", content)
    server.faults["file"] = [Fault(status=404)]
    fetch_file("file", remote(wrong, right), target, hasty)
    assert [request.status for request in server.asked("mirror")] == [206, 200]
    assert target.read_bytes() == content
    assert "fetched once more as a whole" in capsys.readouterr().err


def test_a_whole_part_needs_no_request(server, content, remote, hasty, tmp_path):
    """Killed while the checksum was computed."""
    PartialFile(tmp_path / "file").path.write_bytes(content)
    fetch_file("file", remote(server.url("file")), tmp_path / "file", hasty)
    assert not server.requests
    assert (tmp_path / "file").read_bytes() == content


def test_a_part_that_is_too_long_is_dropped(server, content, remote, hasty, tmp_path):
    url = server.put("file", content)
    PartialFile(tmp_path / "file").path.write_bytes(content + b"more")
    fetch_file("file", remote(url), tmp_path / "file", hasty)
    assert (tmp_path / "file").read_bytes() == content


@given(
    cuts=st.lists(st.integers(0, 40_000), max_size=5),
    knows_ranges=st.booleans(),
    etag=st.sampled_from(['"a"', 'W/"a"', None]),
    last_modified=st.sampled_from(["Wed, 01 Jan 2020 00:00:00 GMT", None]),
    states_length=st.booleans(),
)
def test_wherever_it_is_cut_the_bytes_are_right(
    tmp_path_factory, cuts, knows_ranges, etag, last_modified, states_length
):
    import hashlib

    from smallobjects.fetching.parameters import RemoteFile

    data = bytes(range(251)) * 150
    folder = tmp_path_factory.mktemp("cut")
    with serve() as server:
        url = server.put(
            "file",
            data,
            knows_ranges=knows_ranges,
            etag=etag,
            last_modified=last_modified,
            states_length=states_length,
        )
        server.faults["file"] = [Fault(cut_after=cut) for cut in cuts]
        remote = RemoteFile(
            urls=(url,),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            stated_by="the test",
            confirmed=False,
        )
        patience = Patience(connect=2, read=1, attempts=9, pause=0)
        fetch_file("file", remote, folder / "file", patience)
    assert (folder / "file").read_bytes() == data


def _fetch(remote, target):
    fetch_file("file", remote, target, Patience(read=5, pause=0.01))


def test_two_processes_fetch_it_once(server, content, remote, tmp_path):
    url, target = server.put("file", content), tmp_path / "file"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fetch, args=(remote(url), target)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert target.read_bytes() == content
    assert sum(request.sent for request in server.requests) == len(content)


def test_a_killed_process_leaves_its_part_and_no_lock(server, content, remote, hasty, tmp_path):
    url, target = server.put("file", content), tmp_path / "file"
    server.faults["file"] = [Fault(stall_after=CUT)]
    command = [sys.executable, "-m", "smallobjects.cli", "fetch", "file", "--output", str(target)]
    command += ["--parameters", remote(url).model_dump_json()]
    program = "import sys; from smallobjects.cli import main; main(sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", program, *command[3:]])
    deadline = time.monotonic() + 60
    while PartialFile(target).size < CUT and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not target.exists()
    fetch_file("file", remote(url), target, hasty)
    assert target.read_bytes() == content
    assert server.requests[-1].headers["Range"] == f"bytes={CUT}-"
