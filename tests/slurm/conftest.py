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
def cluster():
    """A running Slurm; outside CI, tests that need it skip where it cannot be started."""
    reason = why_not()
    if reason:
        if os.environ.get("CI"):
            pytest.fail(f"no Slurm can be started: {reason}")
        pytest.skip(f"no Slurm can be started: {reason}")
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
