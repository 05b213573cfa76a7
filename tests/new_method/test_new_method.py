"""A method is begun by one command: its files are right, found by themselves, and make labels."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_workflow import SMALL, Workflow

from smallobjects.config.layers import merge
from smallobjects.errors import BadInputError
from smallobjects.new_method.writing import FILES, new_method

TOOLS = Path(sys.executable).parent
FILE_KINDS = ("src", "config", "workflow", "profiles", "envs", "tests", "results", "Snakefile")


@pytest.fixture(scope="module")
def checkout(repository, tmp_path_factory) -> Path:
    """A copy of the checkout in which a method was begun."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=repository, text=True)
    for name in filter(None, listed.split("\0")):
        if name.startswith(FILE_KINDS) or name == "pyproject.toml":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, folder / name)
    before = set(folder.rglob("*"))
    output = run(folder, TOOLS / "smallobjects", "new-method", "shrunk_boxes", "--title", "Shrunk")
    assert "wrote config/methods/shrunk_boxes.yaml" in output
    new = {path.relative_to(folder) for path in set(folder.rglob("*")) - before if path.is_file()}
    assert new == {Path(place.format(name="shrunk_boxes")) for place in FILES.values()}
    return folder


def run(folder: Path, *command, succeeds: bool = True) -> str:
    """Run a command with the package of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PATH"] = f"{TOOLS}:{environment['PATH']}"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_it_lies_in_three_places_and_a_test(checkout):
    folders = {Path(place).parent for place in FILES.values()}
    assert len(folders) == 4
    assert len(FILES) == 7


def test_its_own_test_passes(checkout):
    place = "tests/pseudo_labels/test_shrunk_boxes.py"
    assert "4 passed" in run(checkout, sys.executable, "-m", "pytest", "-q", place)


@pytest.mark.parametrize("name", ["shrunk_boxes", "a", "zebra_crossings_by_night"])
def test_its_files_are_as_clean_as_all(checkout, name):
    if name != "shrunk_boxes":
        run(checkout, TOOLS / "smallobjects", "new-method", name, "--title", "T" * 40)
    python = [place.format(name=name) for place in FILES.values() if place[-3:] == ".py"]
    run(checkout, TOOLS / "ruff", "check", *python)
    run(checkout, TOOLS / "ruff", "format", "--check", *python)
    run(checkout, TOOLS / "snakefmt", "--check", f"workflow/rules/pseudo_labels/{name}.smk")


def test_the_command_line_finds_its_stage(checkout):
    assert "make-shrunk-boxes-labels" in run(checkout, TOOLS / "smallobjects", "--help")


class OwnWorkflow(Workflow):
    """Run with the package of the checkout."""

    def environment(self) -> dict[str, str]:
        """With its package before the installed one."""
        return {**super().environment(), "PYTHONPATH": str(self.repository / "src")}


def test_it_makes_labels_of_the_demo_and_a_row_of_its_table(checkout, tmp_path):
    changes = {
        "matrix": [{"labels": ["shrunk_boxes"], "segmentors": ["deeplabv2"]}],
        "datasets": ["voc"],
        "losses": ["ce"],
    }
    workflow = OwnWorkflow(tmp_path, checkout, merge(SMALL, changes))
    workflow.run("results/tables/table2.csv")
    folder = tmp_path / "results" / "demo" / "pseudo_labels" / "voc" / "shrunk_boxes"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["stages"]["filled_boxes"] > 0.5
    assert manifest["miou"]["exclude"] > 0.4
    assert "Shrunk" in (tmp_path / "results" / "tables" / "table2.tex").read_text()


@pytest.mark.parametrize(
    ("name", "title", "message"),
    [
        ("irn", "Mine", r"pseudo_labels/irn: is there already"),
        ("cams", "Mine", r"pseudo_labels/cams: is there already"),
        ("My-Method", "Mine", "cannot be the name"),
        ("class", "Mine", "cannot be the name"),
        ("../x", "Mine", "cannot be the name"),
        ("m" * 25, "Mine", "at most 24"),
        ("mine", 'a "title"', "cannot be the title"),
        ("mine", " ", "cannot be the title"),
        ("mine", "T" * 41, "at most 40"),
    ],
)
def test_what_cannot_be_a_method_is_refused_before_anything_is_written(
    repository, name, title, message
):
    before = subprocess.check_output(["git", "status", "--porcelain"], cwd=repository)
    with pytest.raises(BadInputError, match=message):
        new_method(repository, name, title)
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=repository) == before


def test_elsewhere_than_in_a_checkout_it_says_so(tmp_path):
    with pytest.raises(BadInputError, match="no checkout of smallobjects"):
        new_method(tmp_path, "mine", "Mine")
    assert not list(tmp_path.iterdir())
