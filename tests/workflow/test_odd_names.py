"""Folders whose names have blanks, quotes and wildcards of the shell."""

import shlex

import pytest
from small_workflow import SMALL, Workflow

from smallobjects.config.layers import merge

FOLDER = "it's a [te*st], ü: $HOME"
NAMES = {"results": "my results", "downloads": "my data"}
ONE_CELL = {
    "datasets": ["voc"],
    "matrix": [{"labels": ["irn"], "segmentors": ["deeplabv2"]}],
    "losses": ["ce"],
}
SOURCES = [
    {"labels": ["bbam", "bana", "edam", "nsrom", "rca"], "segmentors": ["deeplabv2"]},
    {"labels": ["clims", "irn", "cda", "amn", "rib", "full"], "segmentors": ["deeplabv2"]},
    {"labels": ["external:mine"], "segmentors": ["deeplabv2"]},
]


@pytest.fixture
def odd(tmp_path, repository):
    """Make a workflow in a folder with an odd name."""
    return lambda changes: Workflow(tmp_path / FOLDER, repository, merge(NAMES, changes))


def commands(output: str) -> list[str]:
    """What a dry run with --printshellcmds would start."""
    marker = "Shell command: "
    found = [line.partition(marker)[2] for line in output.splitlines() if marker in line]
    return [command for command in found if command != "None"]


@pytest.mark.parametrize("scale", ["demo", "paper"])
def test_no_rule_splits_a_path(odd, scale):
    external = {"title": "Mine", "supervision": "image", "labels": {"voc": "my labels.zip"}}
    labels = {"external": {"mine": external}, "matrix": SOURCES}
    planned = commands(odd({"scale": scale} | labels).run("--dry-run", "--printshellcmds"))
    used = {command.removeprefix("exec ").split()[1] for command in planned}
    assert len(used) > 40
    for command in planned:
        words = shlex.split(command)
        pieces = [word for word in words if word == "my" or word.startswith(("results", "data/"))]
        assert not pieces, f"{pieces} in {command}"
        assert any("my results" in word for word in words)


def test_the_workflow_runs_there(odd):
    run = odd(merge(SMALL, ONE_CELL))
    run.run()
    assert (run.folder / "my results/tables/table2.csv").is_file()
    assert sorted(path.name for path in run.folder.iterdir()) == [
        ".snakemake",
        "changes.yaml",
        "my results",
    ]


def test_the_home_folder_is_meant_by_a_tilde(odd, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home of me"))
    run = odd(
        merge(SMALL, {"results": "~/out", "settings": {"datasets": {"voc": {"raw": "~/VOC"}}}})
    )
    output = run.run("--printshellcmds", succeeds=False)
    assert f"settings.datasets.voc.raw = '{tmp_path}/home of me/VOC'" in output
    assert not list(run.folder.glob("~*"))


@pytest.mark.parametrize("name", ["", "a{b}", "two\nlines"])
def test_a_name_that_cannot_work_stops_the_run_before_its_first_job(odd, name):
    output = odd({"scale": "demo", "results": name}).run("--dry-run", succeeds=False)
    assert "results" in output
    assert "Traceback" not in output
