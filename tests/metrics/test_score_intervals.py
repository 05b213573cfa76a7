"""The intervals of `smallobjects score`, and the file of areas that they can be made from again."""

import json

import pandas as pd
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.metrics.bootstrap import Bootstrap, uncertainty
from smallobjects.metrics.summary import summarize_images


def run(folders, *extra):
    arguments = ["score", "--num-classes", 4, "--output", folders / "scores.json"]
    for name in ("predictions", "semantic", "instances"):
        arguments += [f"--{name}", folders / name]
    arguments = [str(argument) for argument in (*arguments, *extra)]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads((folders / "scores.json").read_text()), result.output


def test_the_files_give_the_scores_and_intervals_again(folders):
    rows, areas = folders / "rows.parquet", folders / "areas.parquet"
    summary, printed = run(
        folders, "--instances-output", rows, "--areas-output", areas, "--resamples", 50,
        "--bootstrap-seed", 3, "--level", 0.9,
    )  # fmt: skip
    rows, areas = pd.read_parquet(rows), pd.read_parquet(areas)
    assert areas["image"].nunique() == 40
    again = summarize_images(rows, areas, 4)
    assert again == {key: summary[key] for key in again}
    found = uncertainty(rows, areas, 4, Bootstrap(50, 3, 0.9))
    assert found == {key: summary[key] for key in found}
    assert summary["bootstrap"] == {"resamples": 50, "seed": 3, "level": 0.9}
    low, high = summary["intervals"]["ia_miou"]
    assert low < summary["ia_miou"] < high
    assert "90 % interval" in printed
    assert f"{100 * low:.1f}–{100 * high:.1f}" in printed


def test_workers_change_neither_areas_nor_intervals(folders):
    written = []
    for workers in (1, 2):
        path = folders / f"areas{workers}.parquet"
        summary, _ = run(folders, "--areas-output", path, "--workers", workers)
        written.append((summary, path.read_bytes()))
    assert written[0] == written[1]


def test_intervals_can_be_left_out(folders):
    summary, printed = run(folders, "--resamples", 0)
    assert "intervals" not in summary
    assert "bootstrap" not in summary
    assert "interval" not in printed
    assert 0 < summary["miou_i"] < 1


def test_an_image_that_is_all_void_is_drawn_too(folders):
    from PIL import Image

    for name in ("semantic", "instances"):
        Image.new("L", (40, 30), 255).save(folders / name / "im_07.png")
    run(folders, "--areas-output", folders / "areas.parquet")
    areas = pd.read_parquet(folders / "areas.parquet")
    void = areas[areas["image"] == "im_07"]
    assert void.drop(columns="image").to_numpy().tolist() == [[0, 0, 0, 0]]
