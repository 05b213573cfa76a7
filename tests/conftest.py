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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that share what is slow to make run in one process, where there are several."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    """Return the name of the tests that run in one process: by default those of its file."""
    room = item.path.relative_to(REPOSITORY / "tests").parts[0]
    if room in ("slurm", "curation", "viewer"):
        return room  # one Slurm at a time; one server and browser
    if "finished" in item.fixturenames:
        return "finished workflow"
    return str(item.path)


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
