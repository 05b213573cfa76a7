"""A remark on a label source is marked in its rows and said below every form of the table."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.config import load
from smallobjects.reporting.output.html_page import table_page
from smallobjects.reporting.output.html_tables import sortable_tables
from smallobjects.reporting.tables.remarks import Remarks
from smallobjects.reporting.tables.scores import COLUMNS

KNOWS = "It is trained on boxes & knows more."


@pytest.fixture
def cells(write_summary, make_cell):
    path = write_summary("one", [50, 40, 10, 30, 60])
    clims = {"labels": "clims", "labels_title": "CLIMS", "supervision": "language"}
    return [
        make_cell([path], loss=loss, **changes)
        for changes in ({}, {**clims, "remark": KNOWS})
        for loss in ("ce", "sb")
    ]


def run(command, *arguments):
    result = CliRunner().invoke(main, [command, *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("command", ["table2", "ablation"])
def test_latex_marks_the_row_and_the_caption_says_why(command, cells, compile_latex, tmp_path):
    output = tmp_path / "table.tex"
    run(command, "--rows", json.dumps(cells), "--scale", "photos", "--output", output)
    latex = output.read_text()
    assert r"CLIMS \textsuperscript{1} &" in latex
    assert "IRN &" in latex
    assert r"\textsuperscript{1}It is trained on boxes \& knows more." in latex
    compile_latex(output)


def test_csv_terminal_and_page_have_it_too(cells, tmp_path):
    output = tmp_path / "table2.tex"
    run("table2", "--rows", json.dumps(cells), "--scale", "photos", "--output", output)
    table = output.with_suffix(".csv")
    rows = pd.read_csv(table).set_index("labels")["remark"]
    assert set(rows["clims"]) == {KNOWS}
    assert rows["irn"].isna().all()
    shown = run("show-table", table)
    assert "clims [1]" in shown
    assert f"[1] {KNOWS}" in shown
    page = table_page("t", sortable_tables(table)[1])
    assert "clims [1]" in page
    assert '<p class="note">[1] It is trained on boxes &amp; knows more.</p>' in page


def test_a_table_of_an_older_version_is_read_without_remarks(cells, tmp_path):
    output = tmp_path / "table2.tex"
    run("table2", "--rows", json.dumps(cells), "--scale", "photos", "--output", output)
    old = tmp_path / "old.csv"
    pd.read_csv(output.with_suffix(".csv"))[list(COLUMNS[:-1])].to_csv(old, index=False)
    assert "[1]" not in run("show-table", old)


def test_equal_remarks_have_one_number():
    table = pd.DataFrame(
        {"labels": ["a", "b", "c", "d", "a"], "remark": ["x", None, "y", "x", "x"]}
    )
    remarks = Remarks(table)
    assert [remarks.number(name) for name in "abcd"] == [1, None, 2, 1]
    assert remarks.notes() == ["[1] x", "[2] y"]


def test_clims_with_a_stand_in_for_clip_is_named_so(repository):
    config = repository / "config/config.yaml"
    for scale, stands_in in (("demo", True), ("photos", True), ("paper", False)):
        experiment = load(config, {"scale": scale})
        remark = experiment.remark("clims", "pascal_b") or ""
        assert ("knows more than image-level labels" in remark) == stands_in
        assert experiment.remark("irn", "voc") is None
        assert experiment.remark("full", "voc") is None
