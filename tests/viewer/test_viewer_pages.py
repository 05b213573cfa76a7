"""What the viewer answers, without a browser."""

import io

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from werkzeug.test import Client

from smallobjects.cli import main
from smallobjects.viewer.pages import MOST, application
from smallobjects.viewer.pictures import of_dataset, of_folders
from smallobjects.viewer.rows import read_rows
from smallobjects.web.guard import Guard


@pytest.fixture
def client(scored):
    pictures = of_dataset(scored.dataset.root, scored.predictions)
    return Client(application(pictures, read_rows(scored.scores), "title", Guard()))


@pytest.fixture
def table(scored):
    rows = pd.read_parquet(scored.scores)
    return rows[rows["class_id"] > 0].reset_index(drop=True)


def get(client, path, **query):
    return client.get(path, query_string=query, headers={"Host": "localhost"})


def test_rows_have_the_scores(client, scored, table):
    answer = get(client, "/api/rows", count=3, size=["small", "medium"], highest=0.9).json
    kept = table[table["size"].isin(["small", "medium"]) & (table["iou"] <= 0.9)]
    expected = kept.sort_values("iou", kind="stable")
    assert answer["total"] == len(expected) > 3
    assert answer["mean"] == pytest.approx(expected["iou"].mean())
    assert sum(answer["histogram"]) == len(expected)
    assert len(answer["rows"]) == 3
    for row, (index, wanted) in zip(answer["rows"], expected.head(3).iterrows(), strict=True):
        assert row["row"] == index
        assert row["class"] == scored.dataset.class_names[wanted["class_id"]]
        assert (row["iou"], row["area"]) == (wanted["iou"], wanted["area"])


def test_pages_of_rows_do_not_overlap(client, table):
    pages = [get(client, "/api/rows", offset=offset, count=4).json["rows"]
             for offset in range(0, len(table), 4)]  # fmt: skip
    rows = [row["row"] for page in pages for row in page]
    assert sorted(rows) == list(range(len(table)))
    assert max(map(len, pages)) == 4 < MOST
    assert get(client, "/api/rows", offset=10**6).json["rows"] == []


def test_nothing_found_is_an_answer(client):
    answer = get(client, "/api/rows", image="none").json
    assert (answer["total"], answer["mean"], answer["rows"]) == (0, None, [])


@pytest.mark.parametrize(
    "query",
    [{"lowest": "x"}, {"lowest": "nan"}, {"highest": 1.5}, {"class": "-1"}, {"size": "tiny"},
     {"order": "charged"}, {"offset": "-1"}],
)  # fmt: skip
def test_malformed_questions_are_refused(client, query):
    assert get(client, "/api/rows", **query).status_code == 400


def test_an_image_has_its_instances(client, scored, table):
    image = table["image"].iloc[0]
    answer = get(client, f"/api/images/{image}").json
    boxes = scored.dataset.instance_table.set_index(["image", "instance_id"])
    wanted = table[table["image"] == image]
    assert sorted(i["row"] for i in answer["instances"]) == wanted.index.tolist()
    for instance in answer["instances"]:
        known = boxes.loc[(image, instance["instance_id"])]
        assert instance["box"] == known[["x0", "y0", "x1", "y1"]].tolist()
        assert instance["area"] == known["area"]
        assert instance["iou"] == table["iou"][instance["row"]]
    assert (answer["height"], answer["width"]) == scored.dataset.read_semantic(image).shape
    assert answer["void"] is not None


def test_masks_have_the_colours_of_the_dataset(client, scored, table):
    """Background is transparent, void has VOC's colour, and no class is lost."""
    image = table["image"].iloc[0]
    masks = {
        "truth": scored.dataset.read_semantic(image),
        "prediction": np.asarray(Image.open(scored.predictions / f"{image}.png")),
    }
    for kind, mask in masks.items():
        with Image.open(io.BytesIO(get(client, f"/masks/{kind}/{image}").data)) as picture:
            shown = np.asarray(picture.convert("RGBA"))
        assert (shown[mask == 0][:, 3] == 0).all()
        for value in set(np.unique(mask)) - {0}:
            colour = [224, 224, 192] if value == 255 else scored.dataset.palette[value]
            assert (shown[mask == value] == [*colour, 255]).all()


def test_images_without_a_row_and_missing_files_are_refused(client, scored, table, tmp_path):
    for name in ("none", "..%2Fdataset", "../dataset.json"):
        assert get(client, f"/images/{name}").status_code in (404, 308)
        assert get(client, f"/api/images/{name}").status_code in (404, 308)
    pictures = of_dataset(scored.dataset.root, tmp_path)
    client = Client(application(pictures, read_rows(scored.scores), "", Guard()))
    answer = get(client, f"/masks/prediction/{table['image'].iloc[0]}")
    assert answer.status_code == 404
    assert f"{tmp_path}/{table['image'].iloc[0]}.png: there is no prediction" in answer.text


def test_nothing_can_be_written(client):
    headers = {"Host": "localhost", "Origin": "http://localhost"}
    for path in ("/api/rows", "/api/view", "/"):
        assert client.post(path, json={}, headers=headers).status_code == 405


def test_any_folders_can_be_viewed(scored, table):
    root = scored.dataset.root
    names = ["background", "aeroplane"]
    pictures = of_folders(
        root / "images", root / "semantic", root / "instances", scored.predictions, names, 21
    )
    client = Client(application(pictures, read_rows(scored.scores), "", Guard()))
    classes = get(client, "/api/view").json["classes"]
    assert {c["id"]: c["name"] for c in classes} == {
        k: names[k] if k < 2 else f"class {k}" for k in sorted(set(table["class_id"]))
    }
    assert get(client, f"/images/{table['image'].iloc[0]}").mimetype == "image/jpeg"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "give --dataset, or --images"),
        (("--images", "semantic"), "give --dataset, or --images"),
        (("--dataset", "", "--images", "semantic"), "give --dataset, or --images"),
        (("--dataset", "images"), "images: no dataset.json"),
    ],
)
def test_what_is_not_enough_is_said(scored, options, words):
    paths = [o if o.startswith("--") else str(scored.dataset.root / o) for o in options]
    plain = ["view", "--predictions", str(scored.predictions), "--scores", str(scored.scores)]
    result = CliRunner().invoke(main, [*plain, *paths])
    assert result.exit_code != 0
    assert words in result.output


def test_a_taken_port_is_said(scored):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        plain = ["view", "--predictions", str(scored.predictions), "--scores", str(scored.scores)]
        port = str(taken.getsockname()[1])
        at = ["--dataset", str(scored.dataset.root), "--port", port]
        result = CliRunner().invoke(main, [*plain, *at])
    assert result.exit_code == 1
    assert f"port {port} is taken" in result.output
