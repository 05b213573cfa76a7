"""The commands of the README, as typed, from the repository's root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def checkout(repository, tmp_path):
    """A checkout without results, so that every plan is the whole plan."""
    folder = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".git", ".venv", ".snakemake", "results", "__pycache__")
    return shutil.copytree(repository, folder, symlinks=True, ignore=ignored)


def typed(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command.split(),
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_table_is_planned_without_options(checkout):
    output = typed("snakemake -n results/tables/table2.tex", checkout)
    assert "results/demo/scores/coco/irn/deeplabv2/sb/seed0/summary.json" in output


def test_the_slurm_profile_plans_the_paper_scale(checkout):
    output = typed("snakemake -n -p --profile slurm -j 32", checkout)
    assert "results/paper/scores/coco/irn/deeplabv2/sb/seed0/summary.json" in output
    assert "results/demo" not in output
    assert '"iterations":100000,"shared_iterations":40000' in output
    assert "gpu=1" in output


def test_the_workflow_is_in_good_condition(checkout):
    assert "good condition" in typed("snakemake --lint", checkout)


def test_help_lists_every_stage(checkout):
    output = typed("smallobjects --help", checkout)
    for stage in ("prepare-dataset", "walk-labels", "train-segmentor", "score", "table2"):
        assert stage in output
