"""Fixtures of every room."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow; that says nothing about what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

REPOSITORY = Path(__file__).resolve().parents[1]
TOGETHER = ("tests/slurm", "tests/workflow/finished")
"""Folders whose tests share what takes minutes to make: a Slurm, a finished run."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process whole files, and each folder of `TOGETHER` to one process."""
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrFolder(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)

    return ByFileOrFolder(config, log)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Real samples beside the checkout; outside CI, tests that need them skip without them."""
    folder = REPOSITORY.parent / "shared" / "realdata"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{folder}: the real samples are missing")
        pytest.skip(f"{folder}: no real samples")
    return folder


@pytest.fixture(scope="session")
def latex() -> str:
    """The LaTeX compiler; outside CI, tests that need it skip without it."""
    compiler = shutil.which("pdflatex")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("pdflatex is missing; `make test` installs it")
        pytest.skip("no pdflatex")
    return compiler
