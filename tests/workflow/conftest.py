"""Real runs of the workflow, on few images and few iterations."""

from collections.abc import Callable

import pytest
from small_workflow import SMALL, Workflow

from smallobjects.config.layers import merge


@pytest.fixture(scope="session")
def workflow(tmp_path_factory, repository) -> Callable[[dict], Workflow]:
    """Make a workflow in a fresh folder, small, with more changes."""

    def make(changes: dict | None = None) -> Workflow:
        folder = tmp_path_factory.mktemp("workflow")
        return Workflow(folder, repository, merge(SMALL, changes or {}))

    return make


@pytest.fixture
def published(tmp_path, repository) -> Callable[[dict], Workflow]:
    """Make a workflow in a fresh folder with the settings as they are, and the given changes."""
    return lambda changes: Workflow(tmp_path, repository, changes)
