"""Table 2: every cell by supervision, value and gain."""

import json
from typing import get_args

import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.config.model import Supervision
from smallobjects.reporting.tables.cells import SUPERVISION_TITLES
from smallobjects.reporting.tables.scores import COLUMNS

HEAD = ["mIoU", "IA-mIoU", "IA$_S$", "IA$_M$", "IA$_L$"]


def run(cells, output, scale="demo"):
    arguments = ["table2", "--rows", json.dumps(cells), "--scale", scale, "--output", str(output)]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def made(cells, output, scale="demo"):
    result = run(cells, output, scale)
    assert result.exit_code == 0, result.output
    return output.read_text(), pd.read_csv(output.with_suffix(".csv"), dtype={"seeds": str})


def test_every_kind_of_supervision_has_a_heading():
    assert set(SUPERVISION_TITLES) == set(get_args(Supervision))
    assert list(SUPERVISION_TITLES)[-1] == "full"


# Supplement, Table 2, PASCAL VOC: value and gain of mIoU, IA-mIoU and IA_S.
PUBLISHED = {
    "FCN": ((67.8, 0.8), (59.8, 4.9), (17.1, 7.9)),
    "PSP": ((76.7, 0.6), (65.2, 5.4), (22.1, 13.2)),
    "DeepLabV1": ((76.9, 2.0), (65.6, 6.4), (18.9, 13.8)),
    "DeepLabV2": ((77.8, 0.6), (65.8, 3.7), (18.8, 5.6)),
    "Segmenter": ((79.9, 0.6), (69.5, 5.2), (24.1, 16.7)),
    "Segmenter on PASCAL-B": ((67.9, -0.2), (45.9, 4.9), (13.1, 7.6)),
}


def test_prints_the_supplements_numbers(write_summary, make_cell, tex_rows, tmp_path):
    cells = []
    for title, scores in PUBLISHED.items():
        for loss in ("ce", "sb"):
            values = [ce + gain * (loss == "sb") for ce, gain in scores]
            path = write_summary(f"{title}-{loss}", [*values, None, None])
            cells.append(
                make_cell(
                    [path],
                    supervision="full",
                    labels="full",
                    labels_title="Ground truth",
                    segmentor=title.lower(),
                    segmentor_title=title,
                    loss=loss,
                )
            )
    latex, _ = made(cells, tmp_path / "table2.tex", "paper")
    assert "scale" not in latex
    printed = {row[1]: row[2:] for row in tex_rows(latex)[3:]}
    assert printed == {
        title: [f"{ce:.1f} (${gain:+.1f}$)" for ce, gain in scores] + ["--", "--"]
        for title, scores in PUBLISHED.items()
    }
    assert printed["FCN"][0] == "67.8 ($+0.8$)"
    assert printed["Segmenter on PASCAL-B"][0] == "67.9 ($-0.2$)"


def test_layout(write_summary, make_cell, tex_rows, compile_latex, tmp_path):
    """Groups in the paper's order whatever the order of the cells; a column block per dataset."""
    path = write_summary("one", [50, 40, 10, 30, 60])
    full = {"supervision": "full", "labels": "full", "labels_title": "Ground truth"}
    boxes = {"supervision": "boxes", "labels": "bana", "labels_title": "BANA_{Y} & 50%"}
    coco = {"dataset": "coco", "dataset_title": "MS COCO"}
    wide = {"dataset": "b", "dataset_title": "PASCAL-B"}
    cells = [
        make_cell([path], **kind, **dataset)
        for kind in (full, {}, boxes)
        for dataset in ({}, coco, wide)
        if not (kind is boxes and dataset is coco)
    ]
    output = tmp_path / "table2.tex"
    latex, table = made(cells, output)
    one = ["50.0", "40.0", "10.0", "30.0", "60.0"]
    headings = [r"\multicolumn{17}{l}{\textit{" + title for title in
                ("Bounding boxes", "Image labels", "Full supervision")]  # fmt: skip
    assert tex_rows(latex) == [
        ["&", *(rf"\multicolumn{{5}}{{c}}{{{t}}}" for t in ("PASCAL VOC", "MS COCO", "PASCAL-B"))],
        ["Labels", "Segmentor", *HEAD, *HEAD, *HEAD],
        [headings[0] + "}}"],
        [r"BANA\_\{Y\} \& 50\%", "DeepLabV2", *one, *["--"] * 5, *one],
        [headings[1] + "}}"],
        ["IRN", "DeepLabV2", *one, *one, *one],
        [headings[2] + "}}"],
        ["Ground truth", "DeepLabV2", *one, *one, *one],
    ]
    assert "gain" not in latex
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == len(cells)
    for document_class in ("article", "report"):
        log = compile_latex(output, document_class=document_class)
        assert "Overfull \\hbox" not in log


def test_a_narrow_table_is_not_shrunk(write_summary, make_cell, compile_latex, tmp_path):
    """The width is compared where the table is read."""
    output = tmp_path / "table2.tex"
    latex, _ = made([make_cell([write_summary("one", [50, 40, 10, 30, 60])])], output)
    said = r"\typeout{SHRUNK}"
    output.write_text(latex.replace(r">\linewidth ", rf">\linewidth {said}"))
    assert "SHRUNK" not in compile_latex(output)
    cells = [
        make_cell([write_summary("one", [50, 40, 10, 30, 60])], dataset=d, dataset_title=d)
        for d in "abcd"
    ]
    latex, _ = made(cells, output)
    output.write_text(latex.replace(r">\linewidth ", rf">\linewidth {said}"))
    assert "SHRUNK" in compile_latex(output)


def test_seeds_are_averaged(write_summary, make_cell, tex_rows, tmp_path):
    ce = [write_summary(f"ce{k}", [50 + k, 40, 10, 30, 60], 11) for k in (0, 1, 3)]
    sb = [write_summary(f"sb{k}", [52 - k, 41, 12, 30, 60], 11) for k in (0, 1, 3)]
    latex, table = made([make_cell(ce), make_cell(sb, loss="sb")], tmp_path / "table2.tex")
    # ce: 154 / 3, sb: 152 / 3; their difference is rounded, not the difference of the rounded.
    assert tex_rows(latex)[-1][2:5] == ["51.3 ($-0.7$)", "40.0 ($+1.0$)", "10.0 ($+2.0$)"]
    assert "seeds 0, 1, 2" in latex
    assert table["seeds"].tolist() == ["0 1 2"] * 2
    assert table["miou"].tolist() == pytest.approx([154 / 3, 152 / 3])
    assert table["instances"].tolist() == [11, 11]
    assert table["loss"].tolist() == ["ce", "sb"]


def test_the_gain_is_that_of_sb_or_else_of_sw(write_summary, make_cell, tex_rows, tmp_path):
    paths = {loss: write_summary(loss, [value] * 5) for loss, value in
             {"ce": 50, "sw": 53, "sb": 51}.items()}  # fmt: skip
    cells = [make_cell([path], loss=loss) for loss, path in paths.items()]
    latex, table = made(cells, tmp_path / "table2.tex")
    assert tex_rows(latex)[-1][2] == "50.0 ($+1.0$)"
    assert "$L_{sb}$" in latex
    assert "$L_{sw}$" not in latex
    assert table["loss"].tolist() == ["ce", "sw", "sb"]
    latex, _ = made(cells[:2], tmp_path / "table2.tex")
    assert tex_rows(latex)[-1][2] == "50.0 ($+3.0$)"
    assert "$L_{sw}$" in latex


def test_missing_scores_say_what_makes_them(
    write_summary, make_cell, tex_rows, compile_latex, tmp_path
):
    there = write_summary("there", [50, 40, 10, 30, 60])
    gone = [f"results/demo/scores/x{k}/summary.json" for k in range(3)]
    cells = [
        make_cell([there]),
        make_cell([there, gone[0]], loss="sb"),
        make_cell([gone[1]], labels="amn", labels_title="AMN"),
        make_cell([there], labels="amn", labels_title="AMN", loss="sb"),
        make_cell([gone[2]], labels="rib", labels_title="RIB"),
    ]
    output = tmp_path / "table2.tex"
    result = run(cells, output)
    assert result.exit_code == 0
    latex = output.read_text()
    rows = {row[0]: row[2:] for row in tex_rows(latex)[3:]}
    assert rows["IRN"] == ["50.0 (--)", "40.0 (--)", "10.0 (--)", "30.0 (--)", "60.0 (--)"]
    assert rows["AMN"] == rows["RIB"] == ["--"] * 5
    for path in gone:
        assert f"% missing: {path}\n" in latex
        assert f"missing: {path} (make it with: snakemake {path})" in result.output
    table = pd.read_csv(output.with_suffix(".csv"), dtype=str, keep_default_na=False)
    assert table["miou"].tolist() == ["50.0", "", "", "50.0", ""]
    assert table["instances"].tolist() == ["7", "", "", "7", ""]
    assert table["seeds"].tolist() == ["0", "0 1", "0", "0", "0"]
    compile_latex(output)


def test_made_twice_it_is_the_same(write_summary, make_cell, tmp_path):
    cells = [make_cell([write_summary("one", [50.123, 40, None, 30, 60])])]
    made(cells, tmp_path / "one.tex")
    made(cells, tmp_path / "two.tex")
    for suffix in (".tex", ".csv"):
        one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
        assert one == two


def test_reads_the_cells_from_a_file(write_summary, make_cell, tmp_path):
    cells = [make_cell([write_summary("one", [50, 40, 10, 30, 60])])]
    (tmp_path / "rows.json").write_text(json.dumps(cells))
    output = tmp_path / "table2.tex"
    arguments = ["--rows", f"@{tmp_path}/rows.json", "--scale", "demo", "--output", str(output)]
    assert CliRunner().invoke(main, ["table2", *arguments]).exit_code == 0
    assert output.is_file()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"supervision": "points"}, "'points' is none of"),
        ({"loss": "focal"}, "0.loss"),
        ({"scores": {}}, "0.scores"),
        ({"colour": "red"}, "0.colour"),
        ({"scores": {"first": "x"}}, "0.scores.first"),
    ],
)
def test_refuses_unknown_cells(make_cell, tmp_path, changes, words):
    result = run([make_cell(["x"], **changes)], tmp_path / "table2.tex")
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_refuses_contradictions(make_cell, tmp_path):
    cells = [make_cell(["x"]), make_cell(["y"])]
    assert "is named 2 times" in run(cells, tmp_path / "t.tex").output
    cells = [make_cell(["x"]), make_cell(["y"], loss="sb", dataset_title="VOC")]
    assert "'voc' is titled 'PASCAL VOC' and 'VOC'" in run(cells, tmp_path / "t.tex").output


def test_refuses_what_is_no_summary(write_summary, make_cell, tmp_path):
    path = write_summary("one", [50, 40, 10, 30, 60])
    for content, words in (
        ("{", "not what `smallobjects score` writes"),
        ('{"miou": 0.5}', "ia_miou: Field required"),
        (path.read_text().replace("0.5", "50"), "miou: Input should be less than or equal to 1"),
    ):
        path.write_text(content)
        result = run([make_cell([path])], tmp_path / "table2.tex")
        assert result.exit_code == 1
        assert str(path) in result.output
        assert words in result.output


def test_refuses_seeds_scored_on_different_images(write_summary, make_cell, tmp_path):
    paths = [write_summary(f"{count}", [50, 40, 10, 30, 60], count) for count in (7, 8)]
    result = run([make_cell(paths)], tmp_path / "table2.tex")
    assert result.exit_code == 1
    assert "different numbers of instances: [7, 8]" in result.output
