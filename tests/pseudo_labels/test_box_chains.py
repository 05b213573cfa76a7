"""BANA and BBAM by their command lines, on small images of 3 and of 80 classes."""

import json

import numpy as np
import pandas as pd
import pytest
from irn_chain import call, digests
from PIL import Image
from published_settings import stated
from tiny_detector import NETWORK

from smallobjects.pseudo_labels.bana import parameters as bana
from smallobjects.pseudo_labels.bbam import parameters as bbam
from smallobjects.pseudo_labels.bbam.attribution_store import write_attributions
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes, inside
from smallobjects.pseudo_labels.labels.archive import LabelArchives
from smallobjects.pseudo_labels.labels.folder import read_label

CRF = {"iterations": 3, "gaussian_sxy": 1, "bilateral_sxy": 15, "bilateral_srgb": 10}
BANA = stated(
    "bana",
    box_classifier={
        "network": "tiny",
        "crop_size": 40,
        "batch_size": 4,
        "steps": 60,
        "learning_rate": 0.02,
        "schedule": "one-cycle",
        "cells": 2,
    },
    label={"crf": CRF},
)
BBAM = stated(
    "bbam",
    detector={
        **NETWORK,
        "trained_from": "stem",
        "batch_norm": "trained",
        "short_sides": [32, 40],
        "longest_side": 96,
        "jittered": 4,
        "batch_size": 4,
        "steps": 80,
        "learning_rate": 0.1,
        "schedule": "one-cycle",
    },
    attribution={
        "short_side": 36,
        "longest_side": 96,
        "jittered": 20,
        "overlaps": [0.5, 0.3],
        "proposals": 4,
        "stride_base": 3,
        "stride_slope": 6,
        "steps": 10,
        "learning_rate": 0.1,
        "objects_per_batch": 5,
    },
    label={"blur_base": 1, "blur_slope": 2, "crf": CRF},
)
SHARDS = ("1-of-2", "2-of-2")


class BoxChain:
    """The stages of both methods on one dataset."""

    def __init__(self, dataset, out, workers=0):
        self.out = out
        self.data = ("--dataset", dataset.root)
        self.split = (*self.data, "--split", "train")
        self.cpu = ("--device", "cpu")
        self.training = (*self.split, *self.cpu, "--seed", 2, "--workers", workers)

    def gather(self, source, stages, parts, *options):
        call(
            "gather-labels", *self.split, "--score-split", "half", "--source", source, *options,
            *(word for part in parts for word in ("--parts", part)), "--filled-boxes",
            "--parameters", json.dumps(stages), "--seed", 2,
            "--labels", self.out / "labels", "--manifest", self.out / "manifest.json",
        )  # fmt: skip
        return json.loads((self.out / "manifest.json").read_text())

    def bana(self):
        classifier = self.out / "box_classifier.pth"
        call(
            "train-box-classifier", *self.training,
            "--parameters", json.dumps(BANA["box_classifier"]), "--output", classifier,
        )  # fmt: skip
        for shard in SHARDS:
            call(
                "make-bana-labels", *self.split, "--classifier", classifier, "--shard", shard,
                "--parameters", json.dumps(BANA["label"]), *self.cpu,
                *("--crf", self.out / f"y_crf/{shard}.zip"),
                *("--retrieved", self.out / f"y_ret/{shard}.zip"),
                *("--output", self.out / f"agreed/{shard}.zip"),
            )  # fmt: skip
        earlier = [
            word
            for name in ("y_crf", "y_ret")
            for shard in SHARDS
            for word in ("--stage", name, self.out / f"{name}/{shard}.zip")
        ]
        parts = [self.out / f"agreed/{shard}.zip" for shard in SHARDS]
        return self.gather("bana", BANA, parts, *earlier)

    def bbam(self):
        detector = self.out / "detector.pth"
        call(
            "train-detector", *self.training,
            "--parameters", json.dumps(BBAM["detector"]), "--output", detector,
        )  # fmt: skip
        for shard in SHARDS:
            attributions = self.out / f"attributions/{shard}.npz"
            call(
                "attribute-boxes", *self.split, "--detector", detector, "--shard", shard,
                "--parameters", json.dumps(BBAM["attribution"]), *self.cpu, "--seed", 2,
                "--output", attributions,
            )  # fmt: skip
            call(
                "make-bbam-labels", *self.split, "--attributions", attributions,
                "--shard", shard, "--parameters", json.dumps(BBAM["label"]),
                "--output", self.out / f"merged/{shard}.zip",
            )  # fmt: skip
        return self.gather("bbam", BBAM, [self.out / f"merged/{shard}.zip" for shard in SHARDS])


METHODS = ("bana", "bbam")


@pytest.fixture(scope="module", params=[(m, d) for m in METHODS for d in ("squares", "eighty")])
def finished(request, tmp_path_factory):
    method, name = request.param
    dataset = request.getfixturevalue(name)
    chain = BoxChain(dataset, tmp_path_factory.mktemp(f"{method}-{name}"))
    return dataset, chain.out, getattr(chain, method)()


def test_every_image_has_a_label_of_its_size_and_classes(finished):
    dataset, out, manifest = finished
    assert manifest["images"] == len(dataset.split("train"))
    boxes = AnnotatedBoxes(dataset)
    for image_id in dataset.split("train"):
        label = read_label(out / "labels", image_id)
        shape = dataset.read_image(image_id).shape[:2]
        assert label.shape == shape
        present = {item.class_id for item in boxes.of(image_id, shape)}
        assert set(np.unique(label)) <= {0, 255, *present}
    assert not read_label(out / "labels", "empty").any()


def test_the_manifest_shows_filled_boxes(finished):
    _, _, manifest = finished
    stages = manifest["stages"]
    assert 0 < stages["all_background"] < stages["filled_boxes"] <= 1
    assert set(stages) - {"all_background", "filled_boxes"} == (
        {"y_crf", "y_ret"} if manifest["source"] == "bana" else set()
    )


def test_pixels_are_void_where_the_maps_of_bana_differ_and_only_in_boxes(finished):
    dataset, out, manifest = finished
    boxes = AnnotatedBoxes(dataset)
    archives = {
        name: LabelArchives([out / f"{name}/{shard}.zip" for shard in SHARDS])
        for name in ("y_crf", "y_ret")
        if manifest["source"] == "bana"
    }
    for image_id in dataset.split("train"):
        label = read_label(out / "labels", image_id)
        within = inside(boxes.of(image_id, label.shape), label.shape)
        assert not label[~within].any()
        if archives:
            crf, retrieved = (archive.read(image_id) for archive in archives.values())
            assert np.array_equal(label, np.where(crf == retrieved, crf, 255))


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_bytes_with_any_workers(squares, tmp_path, method):
    results = []
    for place, workers in (("a", 0), ("b", 2)):
        chain = BoxChain(squares, tmp_path / place, workers)
        getattr(chain, method)()
        results.append(digests(tmp_path / place))
    assert results[0] == results[1]


def with_box(dataset, root, row):
    """The dataset with one more box."""
    root.mkdir()
    for path in dataset.root.iterdir():
        (root / path.name).symlink_to(path)
    (root / "boxes.parquet").unlink()
    table = pd.concat([dataset.box_table, pd.DataFrame([row], columns=dataset.box_table.columns)])
    table.to_parquet(root / "boxes.parquet")
    return root


@pytest.mark.parametrize("command", ["train-box-classifier", "train-detector"])
def test_a_box_without_pixels_is_named(squares, tmp_path, command):
    root = with_box(squares, tmp_path / "data", ("grey", 1, 5, 5, 5, 9))
    stages = BANA["box_classifier"] if "classifier" in command else BBAM["detector"]
    output = call(
        command, "--dataset", root, "--split", "train", "--device", "cpu",
        "--parameters", json.dumps(stages), "--output", tmp_path / "out.pth", code=1,
    )  # fmt: skip
    assert all(word in output for word in ("box 1 of image grey", "(5, 5, 5, 9)", "37×41"))
    assert "Traceback" not in output
    assert not (tmp_path / "out.pth").exists()


def test_a_detector_needs_boxes_and_fitting_classes(squares, eighty, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    for path in squares.root.iterdir():
        (root / path.name).symlink_to(path)
    (root / "splits").unlink()
    (root / "splits").mkdir()
    (root / "splits" / "train.txt").write_text("empty\n")
    detector = ("--parameters", json.dumps(BBAM["detector"] | {"steps": 1}))
    cpu = ("--device", "cpu")
    output = call(
        "train-detector", "--dataset", root, "--split", "train", *cpu, *detector,
        "--output", tmp_path / "a.pth", code=1,
    )  # fmt: skip
    assert "no image of the split has a box" in output
    train = ("train-detector", "--dataset", eighty.root, "--split", "train", *cpu, *detector)
    call(*train, "--output", tmp_path / "a.pth")
    output = call(
        "attribute-boxes", "--dataset", squares.root, "--split", "train", *cpu,
        "--detector", tmp_path / "a.pth", "--parameters", json.dumps(BBAM["attribution"]),
        "--output", tmp_path / "b.npz", code=1,
    )  # fmt: skip
    assert "a detector of 81 classes, but the dataset has 4" in output
    output = call(
        "make-bana-labels", "--dataset", squares.root, "--split", "train", *cpu,
        "--classifier", tmp_path / "a.pth", "--parameters", json.dumps(BANA["label"]),
        "--crf", tmp_path / "c.zip", "--retrieved", tmp_path / "d.zip",
        "--output", tmp_path / "e.zip", code=1,
    )  # fmt: skip
    assert "box-classifier" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pth", "data"]


def test_labels_need_the_masks_of_their_shard(squares, tmp_path):
    with write_attributions(tmp_path / "a.npz") as store:
        store.write("2007_000000", 0, np.zeros((0, 0)))
    output = call(
        "make-bbam-labels", "--dataset", squares.root, "--split", "train",
        "--attributions", tmp_path / "a.npz", "--parameters", json.dumps(BBAM["label"]),
        "--output", tmp_path / "b.zip", code=1,
    )  # fmt: skip
    assert "no mask of object 0 of image 2007_000001" in output
    assert not (tmp_path / "b.zip").exists()


def test_the_settings_are_those_of_the_stages():
    assert bana.Stages.model_validate(BANA).label.cells == 1
    assert bbam.Stages.model_validate(BBAM).detector.steps == 80
    for wrong in ({"label": {"certainty": 1.5}}, {"attribution": {"overlaps": []}}):
        with pytest.raises(ValueError, match=next(iter(next(iter(wrong.values()))))):
            bbam.Stages.model_validate(wrong)


def test_grey_and_wide_images_are_among_the_samples(squares):
    with Image.open(squares.image_path("grey")) as image:
        assert image.mode == "L"
    assert squares.read_image("wide").shape[1] > 5 * squares.read_image("wide").shape[0]
