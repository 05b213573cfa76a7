"""SIGTERM and Ctrl-C are noted, however often they come."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from smallobjects.termination import deferred_termination, termination_noted

SENDER = """
import os, signal
for _ in range(100_000):
    os.kill(os.getppid(), signal.SIGTERM)
"""
STORM = f"""
import subprocess, sys, time
from smallobjects.termination import deferred_termination, termination_noted

with deferred_termination():
    sender = subprocess.Popen([sys.executable, "-c", {SENDER!r}])
    while sender.poll() is None:
        time.sleep(0)
    assert termination_noted()
print("saved")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_noted_within_the_block_and_forgotten_after_it(number):
    before = signal.getsignal(number)
    with deferred_termination():
        assert not termination_noted()
        os.kill(os.getpid(), number)
        assert termination_noted()
    assert not termination_noted()
    assert signal.getsignal(number) is before


def test_signals_that_interrupt_the_noting_of_others_do_no_harm():
    done = subprocess.run(
        [sys.executable, "-c", STORM], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "saved\n"), done.stderr


@pytest.mark.filterwarnings("error")
def test_outside_the_main_thread_nothing_changes():
    handlers = []

    def block():
        with deferred_termination():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL]
