"""What `status` looks for is what the rules make, and results/README.md names the same places."""

import re
import subprocess
import sys
from fnmatch import fnmatch

import pytest

from smallobjects.config import load
from smallobjects.config.layout import Layout
from smallobjects.overview.states import stages
from smallobjects.workflow.snakemake_internals import printed_jobs

PLACES = [
    "raw",
    "selection",
    "dataset",
    "saliency",
    "source",
    "segmentor",
    "predictions",
    "scores",
    "logs",
    "benchmarks",
    "settings_page",
    "tables",
    "figures",
]


@pytest.fixture(scope="module")
def planned(repository):
    """The outputs and logs of every job of the demo."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--nocolor"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    jobs = list(printed_jobs(done.stdout))
    assert len(jobs) > 400
    return tuple(
        {
            place
            for job in jobs
            for line in re.findall(rf"^ {{4}}{name}: (.*)$", job.body, re.MULTILINE)
            for place in line.split(", ")
        }
        for name in ("output", "log")
    )


def test_stages_are_outputs_of_rules_and_their_logs_are_logs(planned, repository):
    outputs, logs = planned
    experiment = load(repository / "config" / "config.yaml")
    seen = 0
    for cell in experiment.cells:
        for stage in stages(experiment, cell, experiment.config.seeds[0]):
            assert stage.output in outputs, stage
            root = experiment.layout.logs
            for pattern in stage.logs[:1]:
                assert any(fnmatch(log, f"{root}/{pattern}") for log in logs), stage
            seen += 1
    assert seen > 500


def test_all_logs_and_benchmarks_lie_below_their_place(planned, repository):
    _, logs = planned
    layout = load(repository / "config" / "config.yaml").layout
    assert all(log.startswith(f"{layout.logs}/") for log in logs)


@pytest.mark.parametrize("name", PLACES)
def test_the_readme_of_results_names_the_place(repository, name):
    layout = Layout("results", "<scale>")
    place = getattr(layout, name).removeprefix("results/")
    place = re.sub(r"\{(\w+)\}", r"<\1>", place).replace("seed<seed>", "seed<k>")
    text = (repository / "results" / "README.md").read_text()
    assert f"`{place}/" in text or f"`{place}`" in text
