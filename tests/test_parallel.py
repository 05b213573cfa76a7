import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from smallobjects.parallel import CHUNK, ordered_map


def square(number):
    return number**2


def fail_at_20(number):
    if number == 20:
        raise ValueError("number 20")
    return number


def die_at_20(number):
    if number == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("count", [0, 1, CHUNK, 5 * CHUNK + 1])
def test_results_keep_their_order(workers, count):
    assert list(ordered_map(square, range(count), workers)) == [n**2 for n in range(count)]


@pytest.mark.parametrize("workers", [1, 2])
def test_error_of_a_worker_arrives(workers):
    results = ordered_map(fail_at_20, range(10_000), workers)
    with pytest.raises(ValueError, match="number 20"):
        list(results)


def test_killed_worker_is_an_error_and_no_endless_wait():
    with pytest.raises(BrokenProcessPool):
        list(ordered_map(die_at_20, range(100), 2))


ENDLESS = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from test_parallel import report_and_sleep
from smallobjects.parallel import ordered_map

if __name__ == "__main__":
    list(ordered_map(report_and_sleep, [sys.argv[2]] * 100, 2))
"""


def report_and_sleep(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(0.05)


def is_running(process_id):
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_with_a_killed_parent(tmp_path):
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    folder = tmp_path / "seen"
    folder.mkdir()
    arguments = [sys.executable, str(script), str(Path(__file__).parent), str(folder)]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    process.kill()
    process.wait()
    workers = [int(path.name) for path in folder.iterdir()]
    assert len(workers) == 2
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(map(is_running, workers)):
        time.sleep(0.01)
    assert not any(map(is_running, workers))


def test_items_are_taken_as_they_are_needed():
    taken = 0

    def items():
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield number

    results = ordered_map(square, items(), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    results.close()
    assert taken <= 8 * CHUNK
