"""RIB by its command line, on small images of 3 and of 80 classes."""

import json

import numpy as np
import pytest
from irn_chain import STAGES, Chain, call
from published_settings import published, stated

from smallobjects.pseudo_labels.cams.store import CamStore
from smallobjects.pseudo_labels.labels.folder import read_label
from smallobjects.pseudo_labels.rib.parameters import Stages

RIB = stated(
    "rib.rib",
    steps=2,
    learning_rate=0.001,
    head_learning_rate=0.01,
    loss_scales=[1.0],
    companions=2,
    resize_long_side=[30, 40],
    crop_size=32,
)
RIB_STAGES = {**STAGES, "rib": RIB}


def options(chain, rib=RIB):
    return (
        *chain.classifier, "--seed", 2, "--parameters", json.dumps(rib),
        *chain.parameters("cam", "--cam"),
    )  # fmt: skip


@pytest.fixture(scope="module", params=["squares", "eighty"])
def finished(request, tmp_path_factory):
    dataset = request.getfixturevalue(request.param)
    chain = Chain(dataset, tmp_path_factory.mktemp("rib"), RIB_STAGES, source="rib")
    chain.train_classifier()
    chain.make_cams("cams", "make-rib-cams", options(chain))
    chain.make_seeds()
    return dataset, chain, chain.finish()


def read_maps(dataset, paths):
    maps = {}
    for path in paths:
        with CamStore(path) as store:
            for image_id in store.image_ids:
                shape = dataset.read_image(image_id).shape[:2]
                maps[image_id] = store.read(image_id, shape)[1]
    return maps


def test_every_image_has_maps_and_a_label_of_its_size_and_classes(finished):
    dataset, chain, manifest = finished
    assert manifest["parameters"] == RIB_STAGES
    if dataset.num_classes == 4:  # Of 80 classes, many have one colour.
        assert manifest["stages"]["all_background"] < manifest["miou"]["exclude"]
    maps = read_maps(dataset, chain.files("cams", ".npz"))
    assert list(maps) == dataset.split("train")
    for image_id in maps:
        present = dataset.image_classes.get(image_id, ())
        assert len(maps[image_id]) == len(present)
        label = read_label(chain.out / "labels", image_id)
        assert label.shape == dataset.read_image(image_id).shape[:2]
        assert set(np.unique(label)) <= {0, *present}
    assert not read_label(chain.out / "labels", "empty").any()


def test_shards_and_helpers_make_the_same_maps(finished, tmp_path):
    dataset, chain, _ = finished
    call(
        "make-rib-cams", *chain.split, *options(chain), *chain.cpu, "--workers", 2,
        "--output", tmp_path / "all.npz",
    )  # fmt: skip
    whole = read_maps(dataset, [tmp_path / "all.npz"])
    for image_id, maps in read_maps(dataset, chain.files("cams", ".npz")).items():
        assert np.array_equal(maps, whole[image_id]), image_id


def test_fine_tuning_changes_the_maps_and_no_steps_do_not(finished, tmp_path):
    dataset, chain, _ = finished
    plain = Chain(dataset, tmp_path, chain.stages)
    plain.classifier = chain.classifier
    plain.make_cams("plain")
    plain.make_cams("none", "make-rib-cams", options(chain, {**RIB, "steps": 0}))
    for one, two in zip(plain.files("plain", ".npz"), plain.files("none", ".npz"), strict=True):
        assert one.read_bytes() == two.read_bytes()
    expected = read_maps(dataset, plain.files("plain", ".npz"))
    found = read_maps(dataset, chain.files("cams", ".npz"))
    changed = {i for i in found if not np.array_equal(found[i], expected[i])}
    assert len(changed) > len(found) / 2
    assert "empty" not in changed


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--parameters", {**RIB, "loss_scales": [2.0]}, ["rib.loss_scales", "2.0", "cam.scales"]),
        ("--cam", {"scales": [0.5], "flip": True}, ["cam.scales", "scale 1.0"]),
        ("--parameters", {**RIB, "pooling_threshold": 1.5}, ["pooling_threshold"]),
        ("--cam", {"scales": [1.0], "flip": True, "scale": 1}, ["--cam", "scale"]),
        (
            "--parameters",
            {**RIB, "learning_rate": 1e30, "head_learning_rate": 1e30},
            ["Error: image ", "lower the learning rates"],
        ),
    ],
)
def test_bad_input_ends_in_words(finished, tmp_path, option, value, words):
    _, chain, _ = finished
    arguments = dict(zip(options(chain)[::2], options(chain)[1::2], strict=True))
    arguments[option] = json.dumps(value)
    flat = [part for pair in arguments.items() for part in pair]
    output = call(
        "make-rib-cams", *chain.split, *flat, *chain.cpu, "--output", tmp_path / "a.npz",
        code=1 if words[0] != "pooling_threshold" and words[0] != "--cam" else 2,
    )  # fmt: skip
    assert all(word in output for word in words)
    assert "Traceback" not in output
    assert not list(tmp_path.iterdir())


def test_scales_that_do_not_fit_are_refused_in_the_settings():
    with pytest.raises(ValueError, match=r"cam\.scales"):
        published("rib", cam={"scales": [1.0]})
    assert Stages.model_validate(RIB_STAGES).rib.steps == 2
