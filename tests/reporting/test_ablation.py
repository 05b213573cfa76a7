"""The ablation table: a row for every loss."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main

SCORES = {
    "ce": [50.0, 40.0, 10.0, 30.0, 60.0],
    "sw": [50.4, 42.0, 15.0, 31.0, 60.0],
    "sw-tau2": [50.2, 41.0, 12.0, 30.5, 59.0],
    "sb": [49.0, 43.0, 16.0, 31.0, 60.5],
    "sb-lambda50": [49.5, 42.5, None, 31.0, 60.2],
}


@pytest.fixture
def cells(write_summary, make_cell):
    paths = {loss: write_summary(loss, values) for loss, values in SCORES.items()}
    voc = [make_cell([path], loss=loss) for loss, path in paths.items()]
    coco = {"dataset": "coco", "dataset_title": "MS COCO"}
    gone = {"scores": {"0": "gone/summary.json"}}
    return [*voc, make_cell([paths["sw"]], **coco), make_cell([], **coco, loss="sb") | gone]


def made(cells, output, *extra):
    arguments = ["ablation", "--rows", json.dumps(cells), "--scale", "demo"]
    result = CliRunner().invoke(
        main, [*arguments, "--output", str(output), *extra], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return output.read_text(), pd.read_csv(output.with_suffix(".csv"), dtype={"seeds": str})


def test_every_loss_has_its_value_and_its_gain(cells, tex_rows, tmp_path):
    latex, table = made(cells, tmp_path / "ablation.tex")
    first = {row[2]: row[3:] for row in tex_rows(latex)[2:]}
    assert {loss: row[:5] for loss, row in first.items()} == {
        "CE": ["50.0", "40.0", "10.0", "30.0", "60.0"],
        "$L_{sw}$": ["50.4 ($+0.4$)", "42.0 ($+2.0$)", "15.0 ($+5.0$)", "31.0 ($+1.0$)",
                     "60.0 ($+0.0$)"],
        r"$L_{sw}$, $\tau=2$": ["50.2 ($+0.2$)", "41.0 ($+1.0$)", "12.0 ($+2.0$)",
                                "30.5 ($+0.5$)", "59.0 ($-1.0$)"],
        "$L_{sb}$": ["49.0 ($-1.0$)", "43.0 ($+3.0$)", "16.0 ($+6.0$)", "31.0 ($+1.0$)",
                     "60.5 ($+0.5$)"],
        r"$L_{sb}$, $\lambda=50$": ["49.5 ($-0.5$)", "42.5 ($+2.5$)", "--", "31.0 ($+1.0$)",
                                    "60.2 ($+0.2$)"],
    }  # fmt: skip
    assert first["CE"][5:] == ["50.4", "42.0", "15.0", "31.0", "60.0"]
    assert first["$L_{sb}$"][5:] == first[r"$L_{sw}$, $\tau=2$"][5:] == ["--"] * 5
    assert "% missing: gone/summary.json" in latex
    assert "demo scale" in latex
    assert table["loss"].tolist() == [*SCORES, "ce", "sb"]


def test_it_compiles(cells, compile_latex, tmp_path):
    made(cells, tmp_path / "ablation.tex")
    assert "Overfull \\hbox" not in compile_latex(tmp_path / "ablation.tex")


def test_the_terminal_shows_every_loss(cells, tmp_path):
    made(cells, tmp_path / "ablation.tex")
    result = CliRunner().invoke(main, ["show-table", str(tmp_path / "ablation.csv")])
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "irn deeplabv2 ce 50.0 40.0 10.0 30.0 60.0" in lines
    assert (
        "irn deeplabv2 sw-tau2 50.2 (+0.2) 41.0 (+1.0) 12.0 (+2.0) 30.5 (+0.5) 59.0 (−1.0)" in lines
    )
    assert "irn deeplabv2 sb – – – – –" in lines


def test_an_unknown_loss_is_refused(make_cell, tmp_path):
    rows = json.dumps([make_cell(["x.json"], loss="sw-tau")])
    arguments = ["--rows", rows, "--scale", "demo", "--output", str(tmp_path / "a.tex")]
    result = CliRunner().invoke(main, ["ablation", *arguments])
    assert result.exit_code == 2
    assert "'sw-tau' is no loss" in result.output
