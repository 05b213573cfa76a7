"""The file of candidates: what it holds, and when it is made anew."""

import json
import shutil

import numpy as np
import pytest

from smallobjects.curation.annotations import annotated
from smallobjects.curation.catalog import Catalog, open_catalog
from smallobjects.curation.errors import CurationError
from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.layouts.lvis.converter import read_images
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters
from smallobjects.datasets.pascal_b.candidates import read_candidates


def test_it_holds_every_candidate_once(catalog, candidates, images):
    table = read_candidates(candidates)
    assert len(catalog) == len(table.ids)
    assert sorted(images) == table.ids
    assert images != table.ids
    for record in table.table.to_dict("records"):
        found = catalog.read(record["image"])
        assert found.file == record["file"]
        sizes = found.counts.get("car", [0, 0, 0])
        assert sizes == [record[f"car_{size}"] for size in ("small", "medium", "large")]
        assert found.hints["narrower"] == record["narrower"].split()
    assert catalog.read("none") is None


def test_annotations_are_those_that_are_scored(catalog, raw, images):
    """Instances, classes and areas are those of the painted mask of the raw data."""
    painted = {image.image_id: image for image in read_images(raw, LvisParameters())}
    voids = 0
    for image in images:
        mask = painted[image].paint()
        shown = annotated(catalog, catalog.read(image))
        assert (shown["height"], shown["width"]) == mask.instances.shape
        areas = np.bincount(mask.instances.ravel())
        expected = sorted(
            (VOC_CLASSES[k - 1], int(areas[number])) for number, k in mask.instance_classes.items()
        )
        assert sorted((i["class"], i["area"]) for i in shown["instances"]) == expected
        assert [i["area"] for i in shown["instances"]] == sorted(
            (area for _, area in expected), reverse=True
        )
        assert (shown["void"] is not None) == (255 in mask.instances)
        voids += shown["void"] is not None
    assert voids > 0


def test_it_is_made_once(catalog, candidates, raw, tmp_path):
    path = tmp_path / "candidates.sqlite"
    assert open_catalog(path, candidates, raw, LvisParameters())[1]
    before = path.stat().st_mtime_ns
    again, made = open_catalog(path, candidates, raw, LvisParameters())
    assert not made
    assert path.stat().st_mtime_ns == before
    assert again.version == catalog.version


@pytest.mark.parametrize("damage", ["cut off", "other", "empty"])
def test_a_damaged_one_is_made_anew(candidates, raw, tmp_path, damage):
    path = tmp_path / "candidates.sqlite"
    open_catalog(path, candidates, raw, LvisParameters())
    whole = path.read_bytes()
    path.write_bytes({"cut off": whole[:50], "other": b"x" * 999, "empty": b""}[damage])
    found, made = open_catalog(path, candidates, raw, LvisParameters())
    assert made
    assert len(found) > 0


def test_changed_annotations_make_it_anew(candidates, raw, tmp_path):
    folder, path = tmp_path / "raw", tmp_path / "candidates.sqlite"
    shutil.copytree(raw, folder)
    first, _ = open_catalog(path, candidates, folder, LvisParameters())
    version = first.version
    annotations = folder / "annotations" / "lvis_v1_train.json"
    annotations.write_text(annotations.read_text() + "\n")
    second, made = open_catalog(path, candidates, folder, LvisParameters())
    assert made
    assert second.version != version


def test_candidates_of_other_parameters_are_refused(candidates, raw, tmp_path):
    narrower = {"car": ["minivan"]}
    with pytest.raises(CurationError, match=r"candidates\.parquet: image '0.*' has other marks"):
        open_catalog(tmp_path / "c.sqlite", candidates, raw, LvisParameters(narrower=narrower))
    assert not (tmp_path / "c.sqlite").exists()


def test_candidates_of_other_annotations_are_refused(candidates, raw, tmp_path):
    folder = tmp_path / "raw"
    shutil.copytree(raw, folder)
    for split in ("train", "val"):
        path = folder / "annotations" / f"lvis_v1_{split}.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps(content | {"images": [], "annotations": []}))
    with pytest.raises(CurationError, match="is in none of the annotation files"):
        open_catalog(tmp_path / "c.sqlite", candidates, folder, LvisParameters())


def test_catalogs_are_read_by_any_path(catalog, tmp_path):
    """The name is part of an address for SQLite, in which ? and # mean something."""
    folder = tmp_path / "why? 100% #1"
    folder.mkdir()
    shutil.copy(catalog.path, folder / "c.sqlite")
    assert len(Catalog(folder / "c.sqlite", catalog.raw)) == len(catalog)
