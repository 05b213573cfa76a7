"""Tables in the terminal."""

import json

import pytest
from click.testing import CliRunner

from smallobjects.cli import main


def run(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def table2(write_summary, make_cell, tmp_path):
    """Two datasets, two kinds of supervision, and a missing cell."""
    ce = write_summary("ce", [67.9, 45.9, 13.1, 30, 60])
    sb = write_summary("sb", [67.7, 50.8, 20.7, 30, None])
    box = {"supervision": "boxes", "labels": "external:[red]", "labels_title": "Mine"}
    coco = {"dataset": "coco", "dataset_title": "MS COCO"}
    cells = [
        make_cell([ce]),
        make_cell([sb], loss="sb"),
        make_cell(["gone.json"], **box),
        make_cell([ce], **coco),
        make_cell([sb], **box, **coco, loss="sb"),
    ]
    output = tmp_path / "table2.tex"
    arguments = ["--rows", json.dumps(cells), "--scale", "demo", "--output", output]
    assert run("table2", *arguments).exit_code == 0
    return output.with_suffix(".csv")


def test_shows_values_and_gains_by_dataset(table2):
    result = run("show-table", table2)
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "irn deeplabv2 67.9 (−0.2) 45.9 (+4.9) 13.1 (+7.6) 30.0 (+0.0) 60.0 (–)" in lines
    assert "irn deeplabv2 67.9 45.9 13.1 30.0 60.0" in lines
    assert lines.count("external:[red] deeplabv2 – – – – –") == 2
    assert lines.index("Bounding boxes") < lines.index("Image labels")
    titles = [line for line in lines if "CE value (gain)" in line]
    assert [title.split(":")[0] for title in titles] == ["voc", "coco"]
    assert lines[-1] == f"Files: {table2}, {table2.with_suffix('.tex')}"
    assert all(len(line) <= 110 for line in result.output.splitlines()[:-1])


def test_names_only_files_that_are_there(table2):
    table2.with_suffix(".tex").unlink()
    assert run("show-table", table2).output.splitlines()[-1] == f"Files: {table2}"


def test_shows_table1(prepared, tmp_path):
    output = tmp_path / "table1.tex"
    columns = ["--dataset", f"NA={prepared('a', 4, 3, 1)}=val"]
    assert run("table1", *columns, "--scale", "demo", "--output", output).exit_code == 0
    lines = [
        " ".join(s.split()) for s in run("show-table", tmp_path / "table1.csv").output.split("\n")
    ]
    assert "Instance size NA" in lines
    assert "Large 4 (50.0%)" in lines
    assert "Total 8" in lines


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", '"x\n'])
def test_refuses_other_files(tmp_path, content):
    path = tmp_path / "other.csv"
    path.write_text(content)
    result = run("show-table", path)
    assert result.exit_code == 1
    assert str(path) in result.output
