"""Runs of the workflow on a real Slurm, which is started for them."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster import Cluster, why_not
from slurm_workflow import ONE_DATASET, SlurmWorkflow
from small_workflow import Workflow

from smallobjects.config.layers import merge


@pytest.fixture(scope="session")
def require_slurm() -> Callable[..., None]:
    """Skip, outside CI, what needs a Slurm where none can be started."""

    def require(**needed) -> None:
        reason = why_not(**needed)
        if reason:
            end = pytest.fail if os.environ.get("CI") else pytest.skip
            end(f"no Slurm can be started: {reason}")

    return require


@pytest.fixture(scope="session")
def cluster(require_slurm):
    """A running Slurm."""
    require_slurm()
    # Sockets need a short path, which that of pytest's folders is not.
    slurm = Cluster(Path(tempfile.mkdtemp(prefix="slurm-")))
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, repository) -> Workflow:
    """One dataset of the small matrix, run without Slurm."""
    run = Workflow(tmp_path_factory.mktemp("local"), repository, ONE_DATASET)
    run.run()
    return run


@pytest.fixture(scope="session")
def on_slurm(cluster, tmp_path_factory, repository) -> Callable[[dict], SlurmWorkflow]:
    """Make the same workflow for Slurm, in a fresh folder, with more changes."""

    def make(changes: dict | None = None) -> SlurmWorkflow:
        cluster.clear()
        folder = tmp_path_factory.mktemp("slurm")
        return SlurmWorkflow(folder, repository, merge(ONE_DATASET, changes or {}), cluster)

    return make
