"""The small matrix of one dataset, run on Slurm by the profile that the repository has."""

import sys
from pathlib import Path

from cluster import Cluster
from small_workflow import SMALL, Workflow

from smallobjects.config.layers import merge

ONE_DATASET = merge(
    SMALL,
    {
        "datasets": ["voc"],
        "matrix": [{"labels": ["full"], "segmentors": ["deeplabv2"]}],
        # A GPU for every job that may use one, though all compute on the CPU.
        # More threads than most machines that test have, so that a limit to these shows.
        "compute": {"gpus": 1, "device": "cpu", "image_threads": 5},
    },
)


class SlurmWorkflow(Workflow):
    """The workflow as a user of a cluster calls it."""

    def __init__(self, folder: Path, repository: Path, changes: dict, cluster: Cluster) -> None:
        super().__init__(folder, repository, changes)
        self.cluster = cluster
        self.variables = {"SMALLOBJECTS_SLURM_STATUS_SECONDS": "5"}

    def options(self) -> list[str]:
        profile = str(self.repository / "profiles" / "slurm")
        # Not --config at the end, where it would take the targets for its own.
        return ["--config", "scale=demo", "--profile", profile, "-j", "32"]

    def environment(self) -> dict[str, str]:
        slurm = self.cluster.environment
        path = f"{Path(sys.executable).parent}:{slurm['PATH']}"
        return {**slurm, **self.variables, "PATH": path}

    def logs(self) -> str:
        """What the jobs logged, and Slurm."""
        paths = sorted(self.folder.glob(".snakemake/slurm_logs/**/*.log"))
        ends = "\n".join(f"== {path}\n{path.read_text()[-1500:]}" for path in paths[-6:])
        return f"{super().logs()}\n{ends}\n{self.cluster.logs()}"
