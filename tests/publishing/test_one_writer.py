import errno
import fcntl
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from smallobjects.publishing import publish_directory, publish_file
from smallobjects.publishing.one_writer import BeingWrittenError, only_writer

HOLD = """
import sys, time
from pathlib import Path
from smallobjects.publishing.one_writer import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
PUBLISH = """
import sys, time
from smallobjects.publishing import publish_file
with publish_file(sys.argv[1]) as partial, partial.open("w") as file:
    for _ in range(200):
        file.write(sys.argv[2] * 1000)
        file.flush()
        time.sleep(0.001)
"""


def start(program: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def held(tmp_path):
    """An output whose lock another process holds."""
    target = tmp_path / "output.npz"
    process = start(HOLD, target)
    assert process.stdout.readline() == "held\n"
    yield target, process
    process.kill()
    process.communicate()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_second_is_refused_and_told_who_writes(held):
    target, process = held
    with (
        pytest.raises(BeingWrittenError, match=rf"output\.npz: .*process {process.pid} on "),
        only_writer(target, patience=0.2),
    ):
        pytest.fail("two at once")


@pytest.mark.parametrize("publish", [publish_file, publish_directory])
def test_nothing_of_the_first_is_touched_by_the_second(held, publish, monkeypatch):
    target, _ = held
    impatient = functools.partial(only_writer, patience=0.1)
    monkeypatch.setattr("smallobjects.publishing.whole.only_writer", impatient)
    scratch = target.with_name(".output.npz.node-1.partial")
    scratch.write_text("half of the first")
    with pytest.raises(BeingWrittenError), publish(target):
        pytest.fail("two at once")
    assert scratch.read_text() == "half of the first"


def test_a_killed_process_holds_nothing(held):
    target, process = held
    process.send_signal(signal.SIGKILL)
    process.wait()
    with only_writer(target, patience=0):
        assert (target.parent / ".output.npz.lock").exists()
    assert names(target.parent) == []


def test_the_second_waits_for_a_first_that_is_soon_done(held):
    target, process = held
    threading.Timer(0.3, process.kill).start()
    with only_writer(target, patience=20):
        pass


def test_threads_of_one_process_take_turns(tmp_path):
    target = tmp_path / "file.txt"
    inside, most = [], []

    def write():
        with only_writer(target):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=write) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 12
    assert names(tmp_path) == []


def test_processes_that_publish_one_file_never_mix(tmp_path):
    target = tmp_path / "file.txt"
    processes = [start(PUBLISH, target, letter) for letter in "abcd"]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    text = target.read_text()
    assert len(text) == 200_000
    assert len(set(text)) == 1
    assert names(tmp_path) == ["file.txt"]


def test_other_outputs_with_the_same_beginning_are_left_alone(tmp_path):
    theirs = tmp_path / ".ce.pth.work.node-7.partial"
    theirs.write_text("of ce.pth.work")
    ours = tmp_path / ".ce.pth.node-7.partial"
    ours.write_text("left by a killed process")
    with publish_file(tmp_path / "ce.pth") as partial:
        partial.write_text("new")
    assert names(tmp_path) == [".ce.pth.work.node-7.partial", "ce.pth"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_without_locks_of_the_file_system_scratch_names_still_differ(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    (tmp_path / ".file.txt.other_node-7.partial").write_text("under way on another node")
    with publish_file(tmp_path / "file.txt") as partial:
        assert str(os.getpid()) in partial.name
        partial.write_text("whole")
    assert names(tmp_path) == [".file.txt.other_node-7.partial", "file.txt"]


def test_a_lock_of_another_user_is_named(tmp_path, monkeypatch):
    (tmp_path / ".file.txt.lock").write_text("process 9 on node, since 2026-01-01 00:00:00")
    real = os.open

    def refuse(path, *arguments, **options):
        if str(path).endswith(".lock") and arguments[0] & os.O_RDWR:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(BeingWrittenError, match="process 9 on node"),
        only_writer(tmp_path / "file.txt", patience=0),
    ):
        pytest.fail("not held")


def test_a_block_inside_another_of_the_same_thread_changes_nothing(tmp_path):
    target = tmp_path / "file.txt"
    with only_writer(target):
        with publish_file(target) as partial:
            partial.write_text("whole")
        assert (tmp_path / ".file.txt.lock").exists()
    assert names(tmp_path) == ["file.txt"]


def test_a_longer_wait_is_told(held, capfd):
    target, process = held
    threading.Timer(2.5, process.kill).start()
    with only_writer(target, patience=20):
        pass
    assert f"{target}: is being written by process {process.pid} on" in capfd.readouterr().err
