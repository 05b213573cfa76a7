"""AMN by its command line, on small images of 3 and of 80 classes."""

import json

import numpy as np
import pytest
from irn_chain import STAGES, Chain, call
from published_settings import published, stated

from smallobjects.pseudo_labels.amn.parameters import Stages
from smallobjects.pseudo_labels.cams.store import CamStore
from smallobjects.pseudo_labels.labels.archive import LabelArchives
from smallobjects.pseudo_labels.labels.folder import read_label

AMN_STAGES = {
    **STAGES,
    "initial_seed": STAGES["seed"],
    "amn": stated(
        "amn.amn",
        network="tiny",
        initial="classifier",
        trained_from="stem",
        rates=[1, 2],
        crop_size=40,
        batch_size=4,
        epochs=10,
        learning_rate=0.001,
        head_learning_rate=0.01,
    ),
    "random_walk": {**STAGES["random_walk"], "cam_power": 1.3},
}


def train_amn(chain, output, *options):
    seeds = [part for path in chain.files("initial_seeds", ".zip") for part in ("--seeds", path)]
    parameters = chain.parameters("amn")
    call(
        "train-amn", *chain.split, *chain.classifier, *seeds, *chain.cpu, "--seed", 2, *parameters,
        *options, "--output", output,
    )  # fmt: skip


def make_maps(chain, amn, shard, output):
    seeds = chain.out / "initial_seeds" / f"{shard}.zip"
    call(
        "make-amn-cams", *chain.split, "--amn", amn, "--seeds", seeds, "--shard", shard,
        *chain.parameters("cam"), *chain.cpu, "--output", output,
    )  # fmt: skip


def run_amn(dataset, out):
    chain = Chain(dataset, out, AMN_STAGES, source="amn")
    chain.train_classifier()
    chain.make_cams("initial_cams")
    chain.make_seeds("initial_cams", "initial_seeds", "initial_seed")
    train_amn(chain, out / "amn.pth")
    for shard, path in zip(chain.shards, chain.files("cams", ".npz"), strict=True):
        make_maps(chain, out / "amn.pth", shard, path)
    chain.make_seeds()
    return chain, chain.finish()


@pytest.fixture(scope="module", params=["squares", "eighty"])
def finished(request, tmp_path_factory):
    dataset = request.getfixturevalue(request.param)
    return dataset, *run_amn(dataset, tmp_path_factory.mktemp("amn"))


def test_every_image_has_maps_and_a_label_of_its_size_and_classes(finished):
    dataset, chain, manifest = finished
    assert manifest["parameters"] == AMN_STAGES
    if dataset.num_classes == 4:  # Of 80 classes, many have one colour.
        assert manifest["stages"]["all_background"] < manifest["miou"]["exclude"]
    seen = []
    for path in chain.files("cams", ".npz"):
        with CamStore(path) as store:
            for image_id in store.image_ids:
                shape = dataset.read_image(image_id).shape[:2]
                classes, maps = store.read(image_id, shape)
                assert tuple(classes) == tuple(dataset.image_classes.get(image_id, ()))
                assert np.isfinite(maps).all()
                label = read_label(chain.out / "labels", image_id)
                assert label.shape == shape
                assert set(np.unique(label)) <= {0, *classes}
                seen.append(image_id)
    assert seen == dataset.split("train")
    assert not read_label(chain.out / "labels", "empty").any()


def test_the_edges_learn_from_the_second_seeds(finished):
    dataset, chain, _ = finished
    first, second = (LabelArchives(chain.files(n, ".zip")) for n in ("initial_seeds", "seeds"))
    with first, second:
        different = [
            image_id
            for image_id in dataset.split("train")
            if not np.array_equal(first.read(image_id), second.read(image_id))
        ]
        assert len(different) > 1
        assert not second.read("empty").any()


def test_same_bytes_again_with_helpers(finished, tmp_path):
    _, chain, _ = finished
    train_amn(chain, tmp_path / "amn.pth", "--workers", 2)
    assert (tmp_path / "amn.pth").read_bytes() == (chain.out / "amn.pth").read_bytes()
    make_maps(chain, tmp_path / "amn.pth", "2-of-2", tmp_path / "maps.npz")
    assert (tmp_path / "maps.npz").read_bytes() == (chain.out / "cams/2-of-2.npz").read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--amn": "classifier.pth"}, ["classifier.pth", "train-amn"]),
        ({"--seeds": "initial_seeds/2-of-2.zip"}, ["2-of-2.zip", "no label of image"]),
        ({"--seeds": "amn.pth"}, ["amn.pth"]),
        ({"--shard": "3-of-2"}, ["3-of-2"]),
    ],
)
def test_wrong_files_end_in_a_line(finished, tmp_path, change, words):
    _, chain, _ = finished
    options = {
        "--amn": "amn.pth",
        "--seeds": "initial_seeds/1-of-2.zip",
        "--shard": "1-of-2",
        **change,
    }
    for name in ("--amn", "--seeds"):
        options[name] = chain.out / options[name]
    flat = [part for option in options.items() for part in option]
    output = call(
        "make-amn-cams", *chain.split, *flat, *chain.cpu, *chain.parameters("cam"),
        "--output", tmp_path / "a.npz", code=1,
    )  # fmt: skip
    assert all(word in output for word in words)
    assert "Traceback" not in output
    assert not list(tmp_path.iterdir())


def test_training_needs_the_seeds_of_all_shards_and_settings_that_fit(finished, tmp_path):
    _, chain, _ = finished
    common = ("train-amn", *chain.split, *chain.classifier, "--output", tmp_path / "amn.pth")
    first, second = (("--seeds", path) for path in chain.files("initial_seeds", ".zip"))
    assert "no label of image" in call(*common, *first, *chain.parameters("amn"), code=1)
    stages = json.dumps({**AMN_STAGES["amn"], "network": "resnet50"})
    output = call(*common, *first, *second, "--parameters", stages, code=1)
    assert "the classifier is a tiny, AMN a resnet50" in output
    stages = json.dumps({**AMN_STAGES["amn"], "label_smoothing": 1})
    output = call(*common, *first, *second, "--parameters", stages, code=2)
    assert "label_smoothing" in output
    assert not list(tmp_path.iterdir())


def test_published_settings():
    stages = published("amn")
    assert (stages.amn.label_smoothing, stages.amn.rates) == (0.4, (6, 12, 18, 24))
    assert stages.initial_seed.foreground_threshold == 0.30
    assert stages.seed.foreground_threshold == 0.45
    assert stages.random_walk.cam_power == 1.3
    assert Stages.model_validate(AMN_STAGES).amn.rates == (1, 2)
