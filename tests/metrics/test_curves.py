"""IoU against object size: bins, means and bands, and the command that draws them."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from smallobjects.cli import main
from smallobjects.metrics.bootstrap import Bootstrap, resampled_counts
from smallobjects.metrics.curve_plot import COLOURS, curve_figure
from smallobjects.metrics.curves import size_curve, size_edges


def random_rows(seed=0, count=160, images=25):
    rng = np.random.default_rng(seed)
    sides = 2 ** rng.uniform(1, 8, count)
    return pd.DataFrame(
        {
            "image": [f"{k}" for k in rng.integers(0, images, count)],
            "class_id": rng.integers(0, 4, count),
            "area": (sides**2).astype(int),
            "iou": rng.random(count),
        }
    )


def curve_by_loops(rows, edges, bootstrap, class_id=None):
    """Bin after bin, and for the band resample after resample."""
    images = sorted(set(rows.loc[rows["class_id"] > 0, "image"]))
    draws = np.concatenate(list(resampled_counts(len(images), bootstrap)))
    points = []
    for low, high in pairwise(edges):
        chosen = [
            (images.index(row.image), row.area, row.iou)
            for row in rows.itertuples()
            if row.class_id > 0 and class_id in (None, row.class_id) and low <= row.area**0.5 < high
        ]
        if not chosen:
            continue
        means = []
        for counts in draws:
            ious = [iou for image, _, iou in chosen for _ in range(int(counts[image]))]
            if ious:
                means.append(np.mean(ious))
        side = np.prod([area**0.5 for _, area, _ in chosen]) ** (1 / len(chosen))
        mean = np.mean([iou for _, _, iou in chosen])
        alone = len({image for image, _, _ in chosen}) == 1
        ends = (np.nan, np.nan) if alone else np.quantile(means, [0.1, 0.9])
        points.append((low, high, side, len(chosen), mean, *ends))
    return points


def test_curves_agree_with_loops():
    rows, bootstrap = random_rows(), Bootstrap(60, seed=2, level=0.8)
    edges = size_edges(rows["area"].to_numpy())
    found = size_curve(rows, edges, bootstrap, per_class=True)
    assert found["class_id"].isna().sum() > 8
    for class_id in (None, 1, 2, 3):
        own = found["class_id"].isna() if class_id is None else found["class_id"] == class_id
        points = found[own].drop(columns="class_id").to_numpy(float)
        expected = curve_by_loops(rows, edges, bootstrap, class_id)
        assert points == pytest.approx(np.array(expected), abs=1e-12, nan_ok=True)
    assert set(found["class_id"].dropna()) == {1, 2, 3}
    assert 0 < found["iou_low"].isna().sum() < len(found) / 2
    overall = size_curve(rows, edges, bootstrap)
    pd.testing.assert_frame_equal(overall, found[found["class_id"].isna()])


def test_edges_hold_all_sizes_and_the_small_limit():
    edges = size_edges(np.array([9, 32**2, 300**2]))
    assert edges[0] <= 3 < edges[1]
    assert edges[-2] <= 300 < edges[-1]
    assert 32 in edges
    assert edges[1:] / edges[:-1] == pytest.approx(2**0.5)
    assert size_edges(np.array([64**2]), 1).tolist() == [64, 128]
    # 2048 is (32·√2)², an end.
    assert (size_edges(np.array([2048])) == [32 * 2**0.5, 64]).all()
    # One more instance leaves the ends of the others where they were.
    more = size_edges(np.array([4, 9, 32**2, 300**2]))
    assert set(edges) < set(more)


def test_an_instance_at_an_end_belongs_to_the_upper_bin():
    rows = pd.DataFrame(
        {"image": ["a", "a"], "class_id": 1, "area": [32**2 - 1, 32**2], "iou": [0.0, 1.0]}
    )
    found = size_curve(rows, np.array([16, 32, 64]), Bootstrap(5))
    assert found["instances"].tolist() == [1, 1]
    assert found["iou"].tolist() == [0, 1]


def test_the_figure_shows_every_point_and_class():
    rows = random_rows()
    edges = size_edges(rows["area"].to_numpy())
    curve = size_curve(rows, edges, Bootstrap(10), per_class=True)
    figure = curve_figure({"one": curve, "two": curve}, 0.95)
    top, counts, *panels = figure.axes
    assert [line.get_label() for line in top.get_lines()[2:]] == ["one", "two"]
    overall = curve[curve["class_id"].isna()]
    assert top.get_lines()[2].get_xydata() == pytest.approx(overall[["side", "iou"]].to_numpy())
    assert [line.get_color() for line in top.get_lines()[2:]] == list(COLOURS[:2])
    assert len(counts.collections) == 2
    assert [panel.get_title() for panel in panels] == ["class 1", "class 2", "class 3"]


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "ce.parquet", tmp_path / "sb.parquet"]
    for seed, path in enumerate(paths):
        random_rows(seed).to_parquet(path)
    return paths


def run(*arguments):
    arguments = [str(argument) for argument in ("curve", "--resamples", 20, *arguments)]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize("name", ["curve.png", "curve.pdf"])
def test_draws_and_tabulates_two_models(files, tmp_path, name):
    first, second = files
    arguments = ["--instances", first, "--instances", second, "--label", "CE", "--label", "L_sb"]
    made = []
    for folder in ("one", "two"):
        result = run(*arguments, "--per-class", "--output", tmp_path / folder / name)
        assert result.exit_code == 0, result.output
        made.append([path.read_bytes() for path in sorted((tmp_path / folder).iterdir())])
    assert made[0] == made[1]
    assert [path.name for path in sorted((tmp_path / "one").iterdir())] == ["curve.csv", name]
    points = pd.read_csv(tmp_path / "one" / "curve.csv")
    assert list(points.columns) == [
        "label", "class_id", "side_low", "side_high", "side", "instances", "iou", "iou_low",
        "iou_high",
    ]  # fmt: skip
    assert list(dict.fromkeys(points["label"])) == ["CE", "L_sb"]
    overall = points[points["class_id"].isna()]
    for label, path in (("CE", first), ("L_sb", second)):
        objects = (pd.read_parquet(path)["class_id"] > 0).sum()
        assert overall.loc[overall["label"] == label, "instances"].sum() == objects
    if name == "curve.png":
        assert Image.open(tmp_path / "one" / name).size[0] > 1000
    else:
        assert (tmp_path / "one" / name).read_bytes().startswith(b"%PDF")


def test_refuses_what_gives_no_curve(files, tmp_path):
    output = tmp_path / "out" / "curve.pdf"
    pd.DataFrame({"image": ["a"]}).to_parquet(tmp_path / "other.parquet")
    random_rows().assign(class_id=0).to_parquet(tmp_path / "empty.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    cases = [
        (["--instances", tmp_path / "other.parquet"], "no column 'class_id'"),
        (["--instances", tmp_path / "empty.parquet"], "no instances"),
        (["--instances", tmp_path / "text.parquet"], "text.parquet: not a Parquet file"),
        (["--instances", files[0], "--label", "a", "--label", "b"], "2 --label for 1 --instances"),
        (["--instances", files[0], "--instances", files[0]], "have the same name"),
    ]
    for arguments, words in cases:
        result = run(*arguments, "--output", output)
        assert result.exit_code != 0
        assert words in result.output
        assert not output.parent.exists()
    result = run("--instances", files[0], "--output", tmp_path / "curve.jpg")
    assert "does not end in .pdf or .png" in result.output
