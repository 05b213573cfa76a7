"""A web tool as a process of its own, and a browser that looks at it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

SECONDS = 60
"""To wait for anything, on a busy machine."""


@dataclass
class ToolServer:
    """A subcommand of `smallobjects` that serves a page; it starts again at the same address."""

    arguments: list[str]
    port: int
    process: subprocess.Popen | None = None
    address: str = ""

    def start(self) -> None:
        """Start it, and wait for the address that it prints."""
        script = "import sys; from smallobjects.cli import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", script, *self.arguments, "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if found := re.match(r"Open (\S+)", line):
                self.address = found[1]
                return
        raise AssertionError("".join(lines))

    def kill(self) -> None:
        """End it as if the power had failed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@contextmanager
def serving(*arguments: object) -> Iterator[ToolServer]:
    """Run a subcommand for the duration of the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = ToolServer([str(argument) for argument in arguments], port)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def open_browser(width: int = 1366, height: int = 768):
    """Return a Chromium without a window; outside CI, tests that need it skip without it."""
    paths = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in paths:
        if os.environ.get("CI"):
            pytest.fail("chromium or chromedriver is missing; `make test` installs them")
        pytest.skip("no chromium with chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = paths[0]
    # A container has neither the rights for Chromium's sandbox nor much shared memory.
    for option in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(option)
    options.add_argument(f"--window-size={width},{height}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(paths[1]))


def until(condition, what: str):
    """Wait until a condition holds, and return its value."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what}: not after {SECONDS} s")


def click(browser, path: str, index: int = 0) -> None:
    """Click an element that stands at an XPath, once the page has stopped moving it about."""
    from selenium.common.exceptions import (
        ElementClickInterceptedException,
        ElementNotInteractableException,
        StaleElementReferenceException,
    )

    moving = (
        ElementClickInterceptedException,
        ElementNotInteractableException,
        StaleElementReferenceException,
    )

    def clicked() -> bool:
        try:
            if elements := browser.find_elements("xpath", path):
                elements[index].click()
            return bool(elements)
        except moving:
            return False

    until(clicked, f"a click on {path}")
