"""The supplement's Table 2: its form, its numbers, and ours beside them."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.config import load
from smallobjects.reporting.tables.scores import COLUMNS

# Typed from the supplement: value and gain of mIoU, IA-mIoU and IA_S.
VOC = {
    "fcn": ("67.8 (+0.8)", "59.8 (+4.9)", "17.1 (+7.9)"),
    "pspnet": ("76.7 (+0.6)", "65.2 (+5.4)", "22.1 (+13.2)"),
    "deeplabv1": ("76.9 (+2.0)", "65.6 (+6.4)", "18.9 (+13.8)"),
    "deeplabv2": ("77.8 (+0.6)", "65.8 (+3.7)", "18.8 (+5.6)"),
    "segmenter": ("79.9 (+0.6)", "69.5 (+5.2)", "24.1 (+16.7)"),
}
PASCAL_B = {
    "fcn": ("56.6 (+1.2)", "40.3 (+5.0)", "10.1 (+5.5)"),
    "pspnet": ("63.3 (+0.1)", "42.4 (+4.9)", "13.4 (+6.3)"),
    "deeplabv1": ("65.7 (+1.3)", "45.4 (+5.8)", "13.3 (+7.1)"),
    "deeplabv2": ("66.6 (+1.3)", "46.2 (+3.2)", "15.6 (+4.2)"),
    "segmenter": ("67.9 (-0.2)", "45.9 (+4.9)", "13.1 (+7.6)"),
}
SUPPLEMENT = {"voc": VOC, "pascal_b": PASCAL_B}
TITLES = {"fcn": "FCN", "pspnet": "PSPNet", "deeplabv1": "DeepLabV1", "deeplabv2": "DeepLabV2",
          "segmenter": "Segmenter"}  # fmt: skip
DATASETS = {"voc": "PASCAL VOC", "pascal_b": "PASCAL-B (rebuilt)"}
METRICS = ("miou", "ia_miou", "ia_s")


def number(text):
    """`67.8 (+0.8)` as value and gain."""
    value, gain = text.split(" (")
    return float(value), float(gain.rstrip(")"))


def latex_of(text):
    value, gain = text.split(" (")
    return f"{value} (${gain.rstrip(')')}$)"


@pytest.fixture
def cells(write_summary, make_cell):
    """The cells of both datasets, whose scores are the supplement's plus `more`."""

    def make(more=0.0, published=False):
        made = []
        for dataset, rows in SUPPLEMENT.items():
            for segmentor, texts in rows.items():
                for loss in ("ce", "sb"):
                    values = [ce + gain * (loss == "sb") for ce, gain in map(number, texts)]
                    shown = [value + more * (1 + (loss == "sb")) for value in values]
                    path = write_summary(f"{dataset}-{segmentor}-{loss}", [*shown, 50, 60])
                    cell = make_cell(
                        [path], supervision="full", labels="full", labels_title="Ground truth",
                        segmentor=segmentor, segmentor_title=TITLES[segmentor],
                        dataset=dataset, dataset_title=DATASETS[dataset], loss=loss,
                    )  # fmt: skip
                    if published:
                        cell["published"] = dict(zip(METRICS, values, strict=True))
                    made.append(cell)
        return made

    return make


def made(cells, output, *options, scale="paper"):
    arguments = ["--rows", json.dumps(cells), "--scale", scale, "--output", str(output)]
    result = CliRunner().invoke(main, ["supplement-table2", *options, *arguments])
    assert result.exit_code == 0, result.output
    return output.read_text(), pd.read_csv(output.with_suffix(".csv"), dtype={"seeds": str}), result


def test_it_has_the_supplements_form_and_numbers(cells, tex_rows, compile_latex, tmp_path):
    output = tmp_path / "supplement_table2.tex"
    latex, table, _ = made(cells(), output)
    expected = []
    for dataset, rows in SUPPLEMENT.items():
        expected.append(["Dataset", rf"\multicolumn{{3}}{{c}}{{{DATASETS[dataset]}}}"])
        expected.append(["Method", "mIoU", "IA-mIoU", "IA$_S$"])
        expected += [
            [TITLES[segmentor], *map(latex_of, texts)] for segmentor, texts in rows.items()
        ]
    assert tex_rows(latex) == expected
    assert (
        "Experimental results of fully-supervised methods for PASCAL VOC and PASCAL-B (rebuilt)."
        in latex
    )
    assert "scale" not in latex
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 20
    for document_class in ("article", "report"):
        assert "Overfull \\hbox" not in compile_latex(output, document_class=document_class)


def test_the_demo_says_so(cells, tmp_path):
    latex, _, _ = made(cells(), tmp_path / "t.tex", scale="demo")
    assert "demo scale" in latex


def test_ours_stand_beside_the_published_ones(cells, tex_rows, compile_latex, tmp_path):
    output = tmp_path / "supplement_table2_published.tex"
    latex, table, _ = made(cells(more=1.5, published=True), output, "--published")
    rows = tex_rows(latex)
    kinds = ["found", "published", "difference"]
    assert rows[1] == ["Method", *kinds * 3]
    assert rows[2] == [r"\multicolumn{10}{l}{\textit{PASCAL VOC}}"]
    # 1.5 more with CE and 3.0 more with L_sb: gains differ by 1.5.
    assert rows[3][:4] == ["FCN", "69.3 ($+2.3$)", "67.8 ($+0.8$)", "$+1.5$ ($+1.5$)"]
    assert rows[8] == [r"\multicolumn{10}{l}{\textit{PASCAL-B (rebuilt)}}"]
    assert rows[13][:4] == ["Segmenter", "69.4 ($+1.3$)", "67.9 ($-0.2$)", "$+1.5$ ($+1.5$)"]
    assert len(rows) == 14
    assert list(table.columns) == [
        "segmentor", "dataset", "metric", "value", "gain", "published_value", "published_gain",
        "value_difference", "gain_difference",
    ]  # fmt: skip
    assert len(table) == 30
    for row in table.itertuples():
        value, gain = number(SUPPLEMENT[row.dataset][row.segmentor][METRICS.index(row.metric)])
        assert (row.published_value, row.published_gain) == pytest.approx((value, gain))
        assert (row.value_difference, row.gain_difference) == pytest.approx((1.5, 1.5))
    assert "Overfull \\hbox" not in compile_latex(output)


def test_what_is_missing_or_unpublished_is_a_dash(cells, tex_rows, compile_latex, tmp_path):
    several = cells(published=True)
    several[1]["scores"] = {"0": "gone/summary.json"}  # FCN on VOC with L_sb
    for cell in several:
        if cell["segmentor"] == "pspnet":
            cell["published"] = None
    output = tmp_path / "one.tex"
    latex, table, result = made(several, output, "--published")
    assert "% missing: gone/summary.json" in latex
    assert "make it with: snakemake gone/summary.json" in result.output
    rows = {row[0]: row for row in tex_rows(latex)[3:8]}
    assert rows["FCN"][1:4] == ["67.8 (--)", "67.8 ($+0.8$)", "$+0.0$ (--)"]
    assert rows["PSPNet"][1:4] == ["76.7 ($+0.6$)", "--", "--"]
    assert table["value_difference"].isna().sum() == 6
    compile_latex(output)
    latex, _, _ = made(several, tmp_path / "two.tex")
    assert tex_rows(latex)[2] == ["FCN", "67.8 (--)", "59.8 (--)", "17.1 (--)"]


def test_the_terminal_shows_both(cells, tmp_path):
    made(cells(), tmp_path / "plain.tex")
    shown = CliRunner().invoke(main, ["show-table", str(tmp_path / "plain.csv")]).output
    assert "full deeplabv1 76.9 (+2.0)" in " ".join(shown.split())
    made(cells(more=1.5, published=True), tmp_path / "published.tex", "--published")
    shown = CliRunner().invoke(main, ["show-table", str(tmp_path / "published.csv")]).output
    assert "fcn mIoU 69.3 (+2.3) 67.8 (+0.8) +1.5 (+1.5)" in " ".join(shown.split())


def test_the_networks_say_what_is_published(repository):
    experiment = load(repository / "config/config.yaml", {"scale": "paper"})
    cells = experiment.supplement_cells
    assert list(dict.fromkeys(cell.segmentor for cell in cells)) == list(TITLES)
    assert {cell.dataset for cell in cells} == {"voc", "pascal_b"}
    for cell in cells:
        texts = SUPPLEMENT[cell.dataset][cell.segmentor]
        expected = [ce + gain * (cell.loss == "sb") for ce, gain in map(number, texts)]
        found = experiment.published_scores(cell)
        assert [found[metric] for metric in METRICS] == pytest.approx(expected)
        title = experiment.segmentor(cell.segmentor, cell.source, cell.dataset).title
        assert title == TITLES[cell.segmentor]
    weak = next(cell for cell in experiment.cells if cell.source == "irn")
    assert experiment.published_scores(weak) is None
