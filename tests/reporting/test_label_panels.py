"""Panels of pseudo-labels on synthetic scenes, with maps, seeds and labels of known content."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.synthetic.raw_data import make_synthetic
from smallobjects.pseudo_labels.attention.store import write_attention
from smallobjects.pseudo_labels.cams.store import write_cams
from smallobjects.pseudo_labels.cams.strides import strided_size
from smallobjects.pseudo_labels.labels.archive import encode_label, write_labels
from smallobjects.reporting.output.label_warnings import NOTHING
from smallobjects.reporting.panels import page as panel_page
from smallobjects.reporting.panels.labels import (
    NOT_KEPT,
    contact_label_rows,
    label_rows,
    open_stages,
)
from smallobjects.reporting.panels.page import LINE_HEIGHT, Picture, PictureRow, page_figure
from smallobjects.reporting.panels.painting import LONG_SIDE, paint_activation
from smallobjects.reporting.panels.parameters import LabelSource

SCENES = SyntheticParameters(train_images=8, val_images=2, image_size=64, seed=5)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    make_synthetic("voc", SCENES, folder / "raw")
    parameters = {
        **{"title": "VOC", "layout": "voc", "num_classes": 21, "raw": "synthetic"},
        **{"train": "train", "label_score": "train", "evaluate": "train"},
        **{"splits": {"train": {"source": "train"}}, "size_limits": (60, 400)},
    }
    prepare_dataset(
        "voc", DatasetParameters.model_validate(parameters), folder / "raw", folder / "voc"
    )
    return PreparedDataset.open(folder / "voc")


def hidden_objects(dataset, image_id):
    """Where an image has small objects, which the seeds leave undecided; H×W bool."""
    table = dataset.instance_table
    small = table[(table["image"] == image_id) & (table["size"] == "small")]
    return np.isin(dataset.read_instances(image_id), small["instance_id"])


@pytest.fixture
def source(dataset, tmp_path):
    """Labels that are the ground truth, seeds in which small objects are undecided, and maps."""
    folder = tmp_path / "irn"
    (folder / "labels").mkdir(parents=True)
    images = dataset.split("train")
    with (
        write_cams(folder / "cams" / "1-of-1.npz") as cams,
        write_labels(folder / "seeds" / "1-of-1.zip") as seeds,
    ):
        for image_id in images:
            semantic = dataset.read_semantic(image_id)
            semantic = np.where(semantic == 255, 0, semantic)
            (folder / "labels" / f"{image_id}.png").write_bytes(encode_label(semantic))
            hidden = hidden_objects(dataset, image_id)
            seeds.write(image_id, np.where(hidden, 255, semantic))
            maps = np.full((1, *strided_size(*semantic.shape)), 0.5)
            cams.write(image_id, np.array([1]), maps)
    (folder / "manifest.json").write_text("{}")
    return LabelSource(labels="irn", labels_title="IRN", folder=folder)


def test_stages_are_shown_with_the_iou_of_small_objects(dataset, source):
    images = [
        image
        for image in dataset.split("train")
        if (dataset.instance_table.query("image == @image")["size"] == "small").any()
    ][:3]
    with open_stages(source) as stages:
        table, rows = label_rows(stages, dataset, images)
    assert images
    assert len(rows) == len(images)
    assert table[table["stage"] == "label"]["iou"].tolist() == pytest.approx([1] * len(images))
    assert table[table["stage"] == "seed"]["iou"].tolist() == pytest.approx([0] * len(images))
    table = dataset.instance_table
    for image_id, row in zip(images, rows, strict=True):
        small = table[(table["image"] == image_id) & (table["size"] == "small")]
        _, activation, seed, label, _ = row.pictures
        assert len(activation.boxes) == len(seed.boxes) == len(label.boxes) == len(small)
        assert {box.text for box in seed.boxes} == {"0.00"}
        assert {box.text for box in label.boxes} == {"1.00"}
        assert activation.pixels.shape == (64, 64, 3)


def test_a_source_without_maps_shows_what_it_has(dataset, source):
    bare = source.model_copy(update={"folder": source.folder.parent / "bare"})
    bare.folder.mkdir()
    shutil.copytree(source.folder / "labels", bare.folder / "labels")
    with open_stages(bare) as stages:
        table, rows = label_rows(stages, dataset, dataset.split("train")[:1])
    assert set(table["stage"]) == {"label"}
    # Stages that it does not have take no room.
    assert [picture.title for picture in rows[0].pictures[1:]] == ["pseudo-label", "ground truth"]
    assert all(picture.pixels is not None for picture in rows[0].pictures)
    together = contact_label_rows([bare, source], dataset, dataset.split("train")[0])
    assert [len(row.pictures) for row in together] == [5, 5]
    _, activation, seed, label, _ = together[0].pictures
    assert activation.pixels is None
    assert activation.note == seed.note == NOT_KEPT
    assert label.pixels is not None


@pytest.mark.parametrize(
    ("maps", "seeds"), [("maps.npz", "first_labels.zip"), ("attention.npz", "y_crf/1-of-1.zip")]
)
def test_stages_are_shown_by_whatever_name_they_have(dataset, source, maps, seeds):
    folder = source.folder
    (folder / "cams" / "1-of-1.npz").unlink()
    (folder / seeds).parent.mkdir(exist_ok=True)
    (folder / "seeds" / "1-of-1.zip").rename(folder / seeds)
    image_id = dataset.split("train")[0]
    halves = np.zeros((1, 8, 8), np.uint8)
    halves[:, :, 4:] = 255
    write_attention(folder / maps, [(image_id, (np.array([1], np.uint8), halves))])
    with open_stages(source) as stages:
        shown = stages.activation(dataset.read_image(image_id), image_id).astype(int)
        assert np.array_equal(stages.seed(image_id) == 255, hidden_objects(dataset, image_id))
    assert shown[:, 48:].mean() > shown[:, :16].mean() + 30


def test_an_activation_is_brighter_where_it_is_higher():
    image = np.full((2 * LONG_SIDE, 2 * LONG_SIDE, 3), 90, np.uint8)
    maps = np.zeros((2, 8, 8))
    maps[1, :, 4:] = 1
    painted = paint_activation(image, maps).astype(int)
    assert painted.shape == (LONG_SIDE, LONG_SIDE, 3)
    assert painted[:, -1].sum(axis=-1).min() > painted[:, 0].sum(axis=-1).max() + 200
    assert (paint_activation(image, maps[:0]).std(axis=(0, 1)) == 0).all()


def test_the_command_writes_pages_and_names_what_is_missing(dataset, source, tmp_path):
    absent = source.model_copy(update={"labels": "rib", "folder": tmp_path / "rib"})
    described = {"title": "VOC", "path": str(dataset.root), "split": "train"}
    sources = [each.model_dump(mode="json") for each in (source, absent)]
    pages = json.dumps({"dataset": described, "sources": sources})
    arguments = ["label-panels", "--pages", pages, "--scale", "demo"]
    result = CliRunner().invoke(main, [*arguments, "--output", str(tmp_path / "pages")])
    assert result.exit_code == 0, result.output
    assert f"missing: {absent.folder}/manifest.json" in result.output
    names = {path.name for path in (tmp_path / "pages").iterdir()}
    assert names == {"irn.pdf", "irn.png", "all.pdf", "all.png", "images.csv", "warnings.html"}
    page = (tmp_path / "pages/warnings.html").read_text()
    assert NOTHING in page
    table = pd.read_csv(tmp_path / "pages/images.csv")
    assert table["image"].nunique() == 4


def test_warnings_stand_below_the_pictures_and_on_a_page(dataset, source, tmp_path, monkeypatch):
    message = "96.0 % of the pixels are void, so that <little> is left: train longer"
    warning = {"kind": "mostly_void", "message": message, "void_share": 0.96}
    (source.folder / "manifest.json").write_text(json.dumps({"warnings": [warning]}))
    notes = []
    monkeypatch.setattr(
        panel_page, "page_figure", lambda *page: notes.append(page[-1]) or page_figure(*page)
    )
    described = {"title": "VOC", "path": str(dataset.root), "split": "train"}
    pages = {"dataset": described, "sources": [source.model_dump(mode="json")]}
    arguments = ["label-panels", "--pages", json.dumps(pages), "--scale", "paper"]
    result = CliRunner().invoke(main, [*arguments, "--output", str(tmp_path / "pages")])
    assert result.exit_code == 0, result.output
    assert notes == ["WARNING: 96.0 % of the pixels are void, so that <little> is left", ""]
    page = (tmp_path / "pages/warnings.html").read_text()
    assert "mostly void" in page
    assert "so that &lt;little&gt; is left: train longer" in page


def test_a_note_of_several_lines_has_room():
    row = PictureRow((10, 10), (Picture(None, note="none"),))
    heights = [page_figure("page", [row], note).get_figheight() for note in ("", "a", "a\nb")]
    assert heights[0] == heights[1]
    assert heights[2] == pytest.approx(heights[1] + LINE_HEIGHT)


def test_a_damaged_map_is_named(dataset, source, tmp_path):
    (source.folder / "cams" / "1-of-1.npz").write_bytes(b"no zip")
    described = {"title": "VOC", "path": str(dataset.root), "split": "train"}
    pages = {"dataset": described, "sources": [source.model_dump(mode="json")]}
    arguments = ["label-panels", "--pages", json.dumps(pages), "--scale", "demo"]
    result = CliRunner().invoke(main, [*arguments, "--output", str(tmp_path / "pages")])
    assert result.exit_code != 0
    assert "1-of-1.npz" in result.output
    assert not (tmp_path / "pages").exists()
