"""Pictures of predictions: the rule by which images are chosen, and what is drawn."""

import io

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from smallobjects.cli import main
from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters
from smallobjects.datasets.preparation import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.synthetic import make_synthetic
from smallobjects.reporting.picture_plot import BOX, picture_figure
from smallobjects.reporting.pictures import (
    PicturedArm,
    choose_pictures,
    pictured_objects,
    small_objects,
)

LIMITS = (150, 900)


def objects_of(gains):
    """Small objects of images a, b, c, …, whose IoU rises by the given values from 0.5."""
    rows = [
        (image, 1, number, 40, 0.5, 0.5 + gain)
        for image, values in zip("abcdefghij", gains, strict=False)
        for number, gain in enumerate(values, start=1)
    ]
    return pd.DataFrame(
        rows, columns=["image", "class_id", "instance_id", "area", "iou_0", "iou_1"]
    )


def chosen_by_rule(gains, per_rule, seed=0):
    table = choose_pictures(objects_of(gains), per_rule, seed)
    return {rule: list(group["image"]) for rule, group in table.groupby("rule")}


def test_images_are_chosen_by_their_mean_gain():
    gains = [[0.125], [0.5, -0.25], [-0.5], [0.25, 0.25], [0], [-0.25] * 2, [0, 0]]
    table = choose_pictures(objects_of(gains), 2, seed=0)
    assert table["rule"].tolist() == ["largest gain"] * 2 + ["largest loss"] * 2 + ["random"] * 2
    # a and b gain the same on average, so the first by id goes before.
    assert table["image"].tolist()[:4] == ["d", "a", "c", "f"]
    assert set(table["image"][4:]) < {"b", "e", "g"}
    assert table["gain"].tolist()[:4] == [0.25, 0.125, -0.5, -0.25]
    assert table["objects"].tolist()[:4] == [2, 1, 1, 2]


def test_what_does_not_gain_is_no_gain():
    assert chosen_by_rule([[0.1], [0.2]], 5) == {"largest gain": ["b", "a"]}
    assert chosen_by_rule([[-0.1], [0]], 1) == {"largest loss": ["a"], "random": ["b"]}
    assert chosen_by_rule([[0], [0], [0]], 2).keys() == {"random"}


def test_the_draw_depends_on_the_seed_alone():
    gains = [[0.0]] * 10
    drawn = [tuple(chosen_by_rule(gains, 3, seed)["random"]) for seed in range(8)]
    assert drawn == [tuple(chosen_by_rule(gains, 3, seed)["random"]) for seed in range(8)]
    assert len(set(drawn)) > 3
    assert all(len(set(images)) == 3 for images in drawn)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictured")
    scenes = SyntheticParameters(train_images=3, val_images=8, image_size=64, seed=5)
    make_synthetic("voc", scenes, folder / "raw")
    parameters = DatasetParameters(
        title="VOC", layout="voc", num_classes=21, raw="synthetic",
        splits={"val": {"source": "val"}}, train="val", label_score="val", evaluate="val",
        size_limits=LIMITS,
    )  # fmt: skip
    prepare_dataset("voc", parameters, folder / "raw", folder / "voc")
    return PreparedDataset.open(folder / "voc")


@pytest.fixture(scope="module")
def arms(dataset, tmp_path_factory):
    """The ground truth moved by three pixels, and by one."""
    folder = tmp_path_factory.mktemp("arms")
    made = []
    for title, way in (("CE", 3), ("CE and more", 1)):
        predictions = folder / f"moved{way}"
        predictions.mkdir()
        for image in dataset.split("val"):
            mask = np.roll(dataset.read_semantic(image), way, (0, 1))
            Image.fromarray(np.where(mask == 255, 0, mask)).save(predictions / f"{image}.png")
        (folder / "val.txt").write_text("\n".join(dataset.split("val")))
        scores = folder / f"moved{way}.parquet"
        root = dataset.root
        done = CliRunner().invoke(main, list(map(str, [
            "score", "--predictions", predictions, "--semantic", root / "semantic", "--instances",
            root / "instances", "--num-classes", 21, "--images", folder / "val.txt",
            "--size-limits", *LIMITS, "--output", folder / "scores.json", "--resamples", 0,
            "--workers", 1, "--instances-output", scores,
        ])))  # fmt: skip
        assert done.exit_code == 0, done.output
        made.append(PicturedArm(title=title, predictions=predictions, scores=scores))
    return tuple(made)


def test_objects_are_the_small_ones_with_both_scores(dataset, arms):
    table = small_objects(arms)
    known = dataset.instance_table
    small = known[(known["size"] == "small") & known["image"].isin(dataset.split("val"))]
    assert set(zip(table["image"], table["instance_id"], strict=True)) == set(
        zip(small["image"], small["instance_id"], strict=True)
    )
    rows = [pd.read_parquet(arm.scores).set_index(["image", "instance_id"])["iou"] for arm in arms]
    for record in table.to_dict("records"):
        key = (record["image"], record["instance_id"])
        assert [record["iou_0"], record["iou_1"]] == [row[key] for row in rows]


def test_every_small_object_has_a_red_box_in_every_column(dataset, arms):
    from matplotlib.colors import to_rgba

    objects = small_objects(arms)
    shown = pictured_objects(objects, choose_pictures(objects, 2, 0))
    figure = picture_figure(dataset, arms, shown, "Title")
    images = list(dict.fromkeys(shown["image"]))
    assert len(figure.axes) == 4 * len(images)
    assert [axes.get_title() for axes in figure.axes[:4]] == [
        "Image", "Ground truth", "CE", "CE and more",
    ]  # fmt: skip
    known = dataset.instance_table.set_index(["image", "instance_id"])
    colours = np.array(dataset.palette)
    for index, axes in enumerate(figure.axes):
        image, column = images[index // 4], index % 4
        rows = shown[shown["image"] == image]
        red = [p for p in axes.patches if p.get_edgecolor() == to_rgba(BOX)]
        boxes = {(p.get_x() + 1, p.get_y() + 1, p.get_x() + p.get_width() - 1,
                  p.get_y() + p.get_height() - 1) for p in red}  # fmt: skip
        expected = known.loc[[(image, i) for i in rows["instance_id"]]][["x0", "y0", "x1", "y1"]]
        assert boxes == set(map(tuple, expected.to_numpy().tolist()))
        written = sorted(int(text.get_text()) for text in axes.texts)
        if column < 2:
            assert written == []
        else:
            best = (rows["iou_1"] - rows["iou_0"]).abs().sort_values(ascending=False, kind="stable")
            iou = rows.loc[best.index[:6], f"iou_{column - 2}"]
            assert written == sorted(round(100 * value) for value in iou)
        drawn = axes.images[0].get_array()
        semantic = dataset.read_semantic(image)
        if column > 0:
            # Void of the ground truth is void everywhere, in VOC's colour.
            assert (drawn[semantic == 255] == [224, 224, 192]).all()
        if column == 1:
            assert (drawn[semantic != 255] == colours[semantic[semantic != 255]]).all()


def run(dataset, arms, output, *options):
    columns = [part for a in arms for part in ("--arm", a.title, a.predictions, a.scores)]
    command = ["pictures", "--dataset", dataset.root, *columns, "--title", "IRN on VOC"]
    arguments = [*command, "--scale", "demo", "--output", output, *options]
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_files_are_the_same_bytes_again(dataset, arms, tmp_path):
    for name in ("one", "two"):
        result = run(dataset, arms, tmp_path / name / "page.pdf")
        assert result.exit_code == 0, result.output
    for suffix in ("pdf", "png", "csv"):
        first, second = (tmp_path / name / f"page.{suffix}" for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
    table = pd.read_csv(tmp_path / "one" / "page.csv")
    assert list(table) == [
        *("rule", "image", "gain", "class_id", "instance_id", "area", "iou_0", "iou_1"),
    ]
    gains = (table["iou_1"] - table["iou_0"]).groupby(table["image"]).mean()
    assert table.groupby("image")["gain"].first().to_numpy() == pytest.approx(gains.to_numpy())
    with Image.open(io.BytesIO((tmp_path / "one" / "page.png").read_bytes())) as picture:
        assert picture.width > 1000


def test_what_does_not_belong_together_is_refused(dataset, arms, tmp_path):
    output = tmp_path / "page.pdf"
    assert "at least twice" in run(dataset, arms[:1], output).output
    table = pd.read_parquet(arms[1].scores)
    fewer = tmp_path / "fewer.parquet"
    table[table["image"] != table["image"].iloc[-1]].to_parquet(fewer)
    wrong = arms[1].model_copy(update={"scores": fewer})
    assert "not scored on the small objects of" in run(dataset, (arms[0], wrong), output).output
    none = tmp_path / "none.parquet"
    table[table["size"] != "small"].to_parquet(none)
    empty = [arm.model_copy(update={"scores": none}) for arm in arms]
    assert "no small object was scored" in run(dataset, empty, output).output
    folder = tmp_path / "predictions"
    folder.mkdir()
    missing = arms[1].model_copy(update={"predictions": folder})
    assert "there is no prediction of this image" in run(dataset, (arms[0], missing), output).output
    for image in dataset.split("val"):
        Image.fromarray(np.zeros((64, 60), np.uint8)).save(folder / f"{image}.png")
    result = run(dataset, (arms[0], missing), output)
    assert "60×64 pixels, but the image has 64×64" in result.output
    assert not output.exists()
