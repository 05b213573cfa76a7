"""EDAM's whole chain by its command line, on small datasets."""

import json

import numpy as np
import pytest
import torch
from irn_chain import STAGES as IRN
from irn_chain import Chain, call, digests
from PIL import Image
from published_settings import stated

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.labels.folder import read_label

STAGES = stated(
    "edam",
    edam={
        "network": "tiny",
        "trained_from": "stem",
        "batch_norm": "trained",
        "hidden": 16,
        "token_pooling": 2,
        "classes_per_pair": 6,
        "recompute": False,
        "crop_size": 40,
        "resize_long_side": [40, 50],
        "batch_size": 2,
        "passes": 12,
        "learning_rate": 0.05,
        "head_learning_rate": 0.2,
        "schedule": "one-cycle",
    },
    cam={"scales": [1.0, 0.5], "evaluation_threshold": 0.5},
    label={
        "crf": {"iterations": 2, "gaussian_sxy": 1, "bilateral_sxy": 10, "bilateral_compat": 2},
        "saliency_threshold": 100,
    },
)


class EdamChain(Chain):
    """The files of EDAM lie where the workflow puts them, the saliency maps beside them."""

    def make_saliency(self, dataset):
        """Blurred outlines of whatever is there, taken as maps that somebody else made."""
        given = self.out / "given"
        given.mkdir(parents=True)
        for image_id in dataset.split("train"):
            objects = np.where(dataset.read_semantic(image_id) > 0, 255, 0).astype(np.uint8)
            small = Image.fromarray(objects).reduce(2)
            small.resize(objects.shape[::-1], Image.Resampling.BILINEAR).save(
                given / f"{image_id}.png"
            )
        parameters = json.dumps({"source": "precomputed", "path": str(given)})
        call(
            "make-saliency", *self.split, "--from", given, "--parameters", parameters,
            "--output", self.out / "saliency",
        )  # fmt: skip

    def train(self, *options, code=0):
        return call(
            "train-edam", *self.split, *self.loading, *self.parameters("edam"), *options,
            "--output", self.out / "edam.pth", code=code,
        )  # fmt: skip

    def make_labels(self, code=0):
        cams, parts = self.files("cams", ".npz"), self.files("parts", ".zip")
        for cam, part in zip(cams, parts, strict=True):
            output = call(
                "make-edam-labels", *self.data, "--cams", cam, "--saliency",
                self.out / "saliency", *self.parameters("label"), "--output", part, code=code,
            )  # fmt: skip
            if code:
                return output
        return ""

    def finish(self):
        """Make maps and labels, and gather them."""
        options = ("--edam", self.out / "edam.pth", *self.parameters("cam"))
        self.make_cams(command="make-edam-cams", options=options)
        self.make_labels()
        cams = [part for path in self.files("cams", ".npz") for part in ("--cams", path)]
        parts = [part for path in self.files("parts", ".zip") for part in ("--parts", path)]
        call(
            "gather-labels", *self.split, "--score-split", "half", "--source", "edam", *cams,
            *parts, "--saliency", self.out / "saliency", "--parameters", json.dumps(self.stages),
            "--seed", 2, "--labels", self.out / "labels", "--manifest", self.out / "manifest.json",
        )  # fmt: skip
        return json.loads((self.out / "manifest.json").read_text())


def run(dataset, out, stages=STAGES, **options):
    chain = EdamChain(dataset, out, stages, source="edam", **options)
    chain.make_saliency(dataset)
    chain.train()
    return chain, chain.finish()


@pytest.fixture(scope="module")
def made(squares, tmp_path_factory):
    torch.set_num_threads(1)
    return run(squares, tmp_path_factory.mktemp("edam"))


def test_labels_are_better_than_the_maps(made, squares):
    chain, manifest = made
    assert manifest["miou"]["exclude"] == manifest["miou"]["background"]
    assert manifest["void_share"] == 0
    assert manifest["miou"]["exclude"] > manifest["stages"]["cam"]
    assert manifest["miou"]["exclude"] > 2 * manifest["stages"]["all_background"]
    for image_id in squares.split("train"):
        label = read_label(chain.out / "labels", image_id)
        shown = squares.image_classes.get(image_id, ())
        assert set(np.unique(label)) <= {0, *shown}
        assert label.any() == bool(shown), "whatever is salient has one of the image's classes"


def test_the_manifest_says_where_saliency_came_from(made):
    chain, manifest = made
    saliency = manifest["inputs"]["saliency"]
    origin = {"source": "precomputed", "path": str(chain.out / "given")}
    assert saliency["origin"] == origin
    content = json.loads((chain.out / "saliency/manifest.json").read_text())
    assert saliency["sha256"] == content["sha256"]


def test_the_same_seed_makes_the_same_bytes(made, squares, tmp_path):
    chain, _ = made
    again, _ = run(squares, tmp_path, shards=3, workers=1)
    for folder in ("labels", "saliency"):
        assert digests(again.out / folder) == digests(chain.out / folder)
    assert (again.out / "edam.pth").read_bytes() == (chain.out / "edam.pth").read_bytes()


def test_eighty_classes_take_the_same_way(eighty, tmp_path):
    stages = STAGES | {"edam": STAGES["edam"] | {"passes": 2, "recompute": True}}
    chain, manifest = run(eighty, tmp_path, stages, shards=1)
    assert manifest["images"] == 7
    assert not read_label(chain.out / "labels", "empty").any()
    assert 80 in read_label(chain.out / "labels", "000000000002")


def test_maps_that_do_not_fit_are_named(made, tmp_path, squares):
    chain, _ = made
    other = EdamChain(squares, tmp_path, STAGES, source="edam")
    for name in ("cams", "saliency"):
        (tmp_path / name).symlink_to(chain.out / name)
    (tmp_path / "saliency").unlink()
    (tmp_path / "saliency").mkdir()
    for path in (chain.out / "saliency").iterdir():
        (tmp_path / "saliency" / path.name).write_bytes(path.read_bytes())
    [first] = squares.split("train")[:1]
    path = tmp_path / "saliency" / f"{first}.png"
    Image.open(path).crop((0, 0, 9, 9)).save(path)
    assert f"{first}.png: 9×9 pixels" in other.make_labels(code=1)
    path.unlink()
    assert f"{first}.png: missing; add the saliency map" in other.make_labels(code=1)
    assert not list(tmp_path.glob("parts/*")), "nothing half-written"


def test_a_training_from_the_classifier(squares, tmp_path):
    stages = STAGES | {"edam": STAGES["edam"] | {"initial": "classifier", "passes": 1}}
    stages["classifier"] = IRN["classifier"] | {"epochs": 1}
    chain = EdamChain(squares, tmp_path, stages)
    assert "none is given" in chain.train(code=1)
    chain.train_classifier()
    chain.train(*chain.classifier)
    assert (tmp_path / "edam.pth").is_file()


def test_images_without_classes_give_no_pairs(eighty, tmp_path):
    folder = tmp_path / "dataset"
    folder.mkdir()
    for path in eighty.root.iterdir():
        if path.name != "splits":
            (folder / path.name).symlink_to(path)
    (folder / "splits").mkdir()
    (folder / "splits/train.txt").write_text("empty\n")
    chain = EdamChain(PreparedDataset.open(folder), tmp_path / "out", STAGES)
    assert "none of the images has a class" in chain.train(code=1)
