"""Intervals in Table 2: of values, of means over seeds, and of gains."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.metrics.bootstrap import (
    Bootstrap,
    interval,
    paired_difference,
    resampled_scores,
    uncertainty,
)
from smallobjects.metrics.image_sums import image_sums
from smallobjects.metrics.summary import summarize_images
from smallobjects.publishing.checksums import file_checksum
from smallobjects.reporting.tables.scores import COLUMNS

BOOTSTRAP = Bootstrap(60, seed=2, level=0.9)
METRICS = ("miou", "ia_miou", "ia_s", "ia_m", "ia_l")


@pytest.fixture
def write_scores(tmp_path):
    """Write made-up scores as `smallobjects score` does; return the path of the summary."""

    def write(name, quality, images=30, bootstrap=BOOTSTRAP, sizes=("small", "medium", "large")):
        rng = np.random.default_rng(sum(map(ord, name)))
        rows, areas = [], []
        for k in range(images):
            for c in range(4):
                share = np.clip(quality + 0.2 * np.sin(k) + 0.1 * rng.normal(), 0, 1)
                size = sizes[(k + c) % len(sizes)] if c else None
                rows.append((f"{k}", c, c, 50, size, 1, 1, share))
                areas.append((f"{k}", c, int(90 * share), 100, 95))
        columns = [
            "image",
            "class_id",
            "instance_id",
            "area",
            "size",
            "intersection",
            "charged",
            "iou",
        ]
        rows = pd.DataFrame(rows, columns=columns)
        columns = ["image", "class_id", "intersection", "prediction_area", "truth_area"]
        areas = pd.DataFrame(areas, columns=columns)
        summary = summarize_images(rows, areas, 4)
        if bootstrap:
            summary |= uncertainty(rows, areas, 4, bootstrap)
        path = tmp_path / name / "summary.json"
        path.parent.mkdir()
        rows.to_parquet(path.with_name("instances.parquet"))
        areas.to_parquet(path.with_name("areas.parquet"))
        path.write_text(json.dumps(summary))
        return path

    return write


def sums_of(path):
    rows, areas = (pd.read_parquet(path.with_name(f"{n}.parquet")) for n in ("instances", "areas"))
    return image_sums(rows, areas, 4)


def run(cells, output, *extra):
    arguments = ["table2", "--rows", json.dumps(cells), "--scale", "demo", "--output", str(output)]
    return CliRunner().invoke(main, [*arguments, *extra], catch_exceptions=False)


def made(cells, output, *extra):
    result = run(cells, output, *extra)
    assert result.exit_code == 0, result.output
    return output.read_text(), pd.read_csv(output.with_suffix(".csv"), dtype={"seeds": str})


def small(text):
    return rf"{{\scriptsize {text}}}"


def test_values_and_gains_have_intervals(write_scores, make_cell, tex_rows, tmp_path):
    ce, sb = write_scores("ce", 0.5), write_scores("sb", 0.53)
    cells = [make_cell([ce]), make_cell([sb], loss="sb")]
    latex, table = made(cells, tmp_path / "table2.tex", "--intervals")
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert table["level"].tolist() == [0.9, 0.9]
    for row, path in zip(table.itertuples(), (ce, sb), strict=True):
        intervals = json.loads(path.read_text())["intervals"]
        for metric in METRICS:
            ends = [getattr(row, f"{metric}_{end}") for end in ("low", "high")]
            assert ends == pytest.approx([100 * end for end in intervals[metric]])
    gains = paired_difference(sums_of(ce), sums_of(sb), BOOTSTRAP)
    for metric in METRICS:
        ends = table.loc[1, [f"{metric}_gain_low", f"{metric}_gain_high"]].tolist()
        assert ends == pytest.approx([100 * end for end in gains[metric]])
    assert table.loc[0].filter(like="gain").isna().all()
    _, values, value_ends, gain_ends = tex_rows(latex)[2:]
    assert values[:2] == ["IRN", "DeepLabV2"]
    assert len(value_ends) == len(gain_ends) == 6
    low, high = table.loc[0, ["miou_low", "miou_high"]]
    assert value_ends[1] == small(f"[{low:.1f}, {high:.1f}]")
    low, high = table.loc[1, ["miou_gain_low", "miou_gain_high"]]
    assert gain_ends[1] == small(f"($[{low:+.1f}, {high:+.1f}]$)")
    assert r"90\,\% intervals" in latex


def test_without_the_option_nothing_changes(write_scores, make_cell, tmp_path):
    cells = [make_cell([write_scores("ce", 0.5)]), make_cell([write_scores("sb", 0.6)], loss="sb")]
    latex, table = made(cells, tmp_path / "table2.tex")
    assert list(table.columns) == list(COLUMNS)
    assert "scriptsize" not in latex
    assert "intervals" not in latex
    shown, _ = made(cells, tmp_path / "more.tex", "--intervals")
    kept = [line for line in shown.splitlines() if "scriptsize" not in line]
    different = [pair for pair in zip(kept, latex.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(different) == 1
    assert "caption" in different[0][0]


def test_several_seeds_have_the_interval_of_their_mean(write_scores, make_cell, tmp_path):
    paths = {
        loss: [write_scores(f"{loss}{seed}", quality + seed / 10) for seed in range(2)]
        for loss, quality in (("ce", 0.4), ("sw", 0.45))
    }
    cells = [make_cell(found, loss=loss) for loss, found in paths.items()]
    _, table = made(cells, tmp_path / "table2.tex", "--intervals")
    means = {
        loss: np.mean(
            [resampled_scores(sums_of(path), BOOTSTRAP).overall["ia_s"] for path in found], axis=0
        )
        for loss, found in paths.items()
    }
    ends = table.loc[0, ["ia_s_low", "ia_s_high"]].tolist()
    assert ends == pytest.approx(interval(100 * means["ce"], 0.9))
    ends = table.loc[1, ["ia_s_gain_low", "ia_s_gain_high"]].tolist()
    assert ends == pytest.approx(interval(100 * (means["sw"] - means["ce"]), 0.9))


def test_what_is_missing_has_no_interval(write_scores, make_cell, tmp_path):
    coco = {"dataset": "coco", "dataset_title": "MS COCO"}
    cells = [
        make_cell([write_scores("ce", 0.5, sizes=("small",))]),
        make_cell([tmp_path / "gone" / "summary.json"], loss="sb"),
        make_cell([tmp_path / "gone" / "summary.json"], **coco),
    ]
    latex, table = made(cells, tmp_path / "table2.tex", "--intervals")
    assert table.loc[1:].filter(regex="low|high").isna().all(axis=None)
    assert table.loc[0, "miou_low"] < table.loc[0, "miou"] < table.loc[0, "miou_high"]
    assert pd.isna(table.loc[0, "ia_l_low"])
    assert latex.count("scriptsize") == 3
    everything_missing, _ = made(cells[1:], tmp_path / "none.tex", "--intervals")
    assert "intervals" not in everything_missing


def test_the_table_compiles_and_fits(write_scores, make_cell, compile_latex, tmp_path):
    cells = [
        make_cell([write_scores(f"{loss}-{dataset}", quality)], dataset=dataset,
                  dataset_title=dataset.upper(), loss=loss)
        for dataset in ("voc", "coco")
        for loss, quality in (("ce", 0.5), ("sb", 0.55))
    ]  # fmt: skip
    made(cells, tmp_path / "table2.tex", "--intervals")
    assert "Overfull \\hbox" not in compile_latex(tmp_path / "table2.tex")


def test_shown_in_the_terminal(write_scores, make_cell, tmp_path):
    ce, sb = write_scores("ce", 0.5), write_scores("sb", 0.45)
    cells = [make_cell([ce]), make_cell([sb], loss="sb")]
    _, table = made(cells, tmp_path / "table2.tex", "--intervals")
    arguments = ["show-table", str(tmp_path / "table2.csv")]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    low, high = table.loc[0, ["ia_miou_low", "ia_miou_high"]]
    assert f"[{low:.1f},{high:.1f}]" in result.output
    low, high = table.loc[1, ["ia_miou_gain_low", "ia_miou_gain_high"]]
    assert low < high < 0
    assert f"[{low:+.1f},{high:+.1f}]".replace("-", "−") in result.output
    assert "bootstrap intervals" in result.output
    assert "…" not in result.output
    assert all(len(line) <= 110 for line in result.output.splitlines()[:-1])


def refused(cells, tmp_path):
    result = run(cells, tmp_path / "out" / "table2.tex", "--intervals")
    assert result.exit_code == 1
    assert not (tmp_path / "out").exists()
    return result.output


def test_refuses_what_cannot_be_compared(write_scores, make_cell, tmp_path):
    ce = write_scores("ce", 0.5)
    fewer = write_scores("fewer", 0.5, images=29)
    # The counts agree, so that only the images differ.
    content = json.loads(fewer.read_text())
    content["instances"] = json.loads(ce.read_text())["instances"]
    fewer.write_text(json.dumps(content))
    said = refused([make_cell([ce]), make_cell([fewer], loss="sb")], tmp_path)
    assert str(fewer) in said
    assert "image '29' is only among the images of the first" in said
    said = refused([make_cell([ce, fewer])], tmp_path)
    assert "image '29'" in said
    plain = write_scores("plain", 0.5, bootstrap=None)
    assert f"{plain}: has no bootstrap intervals" in refused([make_cell([plain])], tmp_path)
    other = write_scores("other", 0.5, bootstrap=Bootstrap(10))
    said = refused([make_cell([ce]), make_cell([other], loss="sb")], tmp_path)
    assert f"{other}: made with" in said
    ce.with_name("areas.parquet").unlink()
    assert "areas.parquet: missing" in refused([make_cell([ce])], tmp_path)


def test_refuses_a_table_of_other_scores(write_scores, make_cell, tmp_path):
    ce, other = write_scores("ce", 0.5), write_scores("other", 0.6)
    content = json.loads(ce.read_text())
    content["checksums"] = {
        name: file_checksum(ce.with_name(f"{name}.parquet")) for name in ("instances", "areas")
    }
    ce.write_text(json.dumps(content))
    made([make_cell([ce])], tmp_path / "whole" / "table2.tex")
    ce.with_name("areas.parquet").write_bytes(other.with_name("areas.parquet").read_bytes())
    said = refused([make_cell([ce])], tmp_path)
    assert "areas.parquet: is not the table that summary.json was written with" in said
