"""RCA from images to labels by its command line."""

import json

import numpy as np
import pytest
from irn_chain import call, digests
from published_settings import stated
from saliency_chains import draw_saliency, without_truth

from smallobjects.pseudo_labels.labels.folder import read_label

STAGES = stated(
    "rca",
    rca={
        "network": "tiny",
        "width": 6,
        "head_deviation": 0.1,
        "memory": 12,
        "prototypes": 6,
        "input_size": 32,
        "colour_jitter": [0.1, 0.1, 0.1, 0.02],
        "batch_size": 4,
        "epochs": 20,
        "learning_rate": 0.02,
        "new_factor": 1,
        "schedule": "one-cycle",
        "memory_momentum": 0.5,
    },
    labels={"crf": {"iterations": 3}},
    scoring={"evaluation_threshold": 0.5},
)


def run(dataset, saliency, out, workers=0, processes=1):
    split = ("--dataset", dataset.root, "--split", "train")
    attention, saliency = ("--attention", out / "attention.npz"), ("--saliency", saliency)
    call(
        "train-rca", *split, "--device", "cpu", "--seed", 2, "--workers", workers,
        "--parameters", json.dumps(STAGES["rca"]), "--output", attention[1],
    )  # fmt: skip
    call(
        "make-rca-labels", *split, *attention, *saliency, "--threads", processes,
        "--parameters", json.dumps(STAGES["labels"]), "--output", out / "fused_labels.zip",
    )  # fmt: skip
    call(
        "gather-labels", *split, "--score-split", "half", "--source", "rca", *attention,
        "--parts", out / "fused_labels.zip", *saliency, "--parameters", json.dumps(STAGES),
        "--seed", 2, "--labels", out / "labels", "--manifest", out / "manifest.json",
    )  # fmt: skip
    return json.loads((out / "manifest.json").read_text())


@pytest.fixture(scope="module")
def done(squares, tmp_path_factory):
    """The folder of a whole run, the saliency maps, and the manifest."""
    folder = tmp_path_factory.mktemp("rca")
    saliency = draw_saliency(squares, folder / "saliency")
    return folder / "out", saliency, run(squares, saliency, folder / "out")


def test_labels_are_better_than_the_maps_alone(done):
    manifest = done[2]
    assert manifest["miou"]["exclude"] > manifest["stages"]["cam"]
    assert manifest["miou"]["background"] > manifest["stages"]["all_background"]
    assert set(manifest["inputs"]) == {"saliency"}


def test_images_without_classes_are_background_and_grey_ones_are_labelled(squares, done):
    labels = done[0] / "labels"
    assert not read_label(labels, "empty").any()
    assert set(np.unique(read_label(labels, "grey"))) <= {0, 3, 255}
    assert read_label(labels, "grey").shape == squares.read_semantic("grey").shape


def test_the_chain_never_sees_the_truth(squares, done, tmp_path):
    """Noise in place of masks and boxes, and other processes, change the score and nothing else."""
    blind = without_truth(squares, tmp_path / "blind")
    manifest = run(blind, done[1], tmp_path / "out", workers=2, processes=2)
    assert digests(tmp_path / "out") == digests(done[0])
    assert manifest["miou"] != done[2]["miou"]


def test_maps_of_other_images_are_refused(squares, done, tmp_path):
    listed = without_truth(squares, tmp_path / "data")
    with (listed.root / "splits" / "train.txt").open("a") as file:
        file.write("another\n")
    message = call(
        "make-rca-labels", "--dataset", listed.root, "--split", "train",
        "--attention", done[0] / "attention.npz", "--saliency", done[1],
        "--parameters", json.dumps(STAGES["labels"]), "--output", tmp_path / "labels.zip", code=1,
    )  # fmt: skip
    assert "another" in message
    assert not (tmp_path / "labels.zip").exists()
