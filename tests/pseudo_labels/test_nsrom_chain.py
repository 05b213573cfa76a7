"""NS-ROM from images to labels by its command line, with a real first segmentor."""

import json

import numpy as np
import pytest
from irn_chain import call, digests
from published_settings import stated
from saliency_chains import NsromChain, copied, draw_saliency, without_truth

from smallobjects.pseudo_labels.labels.folder import read_label

NETWORK = {"network": "tiny", "width": 16, "nodes": 4, "states": 8, "input_size": 32}
TRAINING = {"batch_size": 4, "learning_rate": 0.05, "new_factor": 1, "schedule": "one-cycle"}
COLOURS = {"colour_jitter": [0.1, 0.1, 0.1, 0.02]}
CHANGES = {**NETWORK, **TRAINING, **COLOURS}
STAGES = {
    "attention_classifier": stated("nsrom.attention_classifier", **CHANGES, epochs=25),
    "integral": stated("nsrom.integral", **CHANGES, epochs=12),
    "first_labels": stated("nsrom.first_labels"),
    "crf": stated("nsrom.first_segmentor.crf", iterations=2),
    "mining": stated("nsrom.mining", dilation=8),
    "scoring": stated("nsrom.scoring", evaluation_threshold=0.5),
}


@pytest.fixture(scope="module")
def done(squares, tmp_path_factory):
    """The folder of a whole run, the saliency maps, and both manifests."""
    folder = tmp_path_factory.mktemp("nsrom")
    saliency = draw_saliency(squares, folder / "saliency")
    manifests = NsromChain(squares, saliency, folder / "out", STAGES).run()
    return folder / "out", saliency, manifests


def test_labels_are_better_than_the_maps_alone(done):
    first, final = done[2]
    assert first["miou"]["exclude"] > final["stages"]["cam"]
    assert first["miou"]["background"] > first["stages"]["all_background"]
    assert final["parameters"] == STAGES
    assert set(final["inputs"]) == {"saliency"}
    assert "cam" not in first["stages"]


def test_images_without_classes_are_background_and_grey_ones_are_labelled(squares, done):
    out = done[0]
    for folder in (out / "first" / "labels", out / "labels"):
        assert not read_label(folder, "empty").any()
        assert read_label(folder, "grey").shape == squares.read_semantic("grey").shape
    assert set(np.unique(read_label(out / "first" / "labels", "grey"))) <= {0, 3, 255}


def test_the_chain_never_sees_the_truth(squares, done, tmp_path):
    """Noise in place of masks and boxes changes scores, and no byte of any file that is made."""
    out, saliency, (first, final) = done
    blind = without_truth(squares, tmp_path / "blind")
    again = NsromChain(blind, saliency, tmp_path / "out", STAGES).run(workers=2, processes=2)
    expected = {name: hash_ for name, hash_ in digests(out).items() if _made(name)}
    found = {name: hash_ for name, hash_ in digests(tmp_path / "out").items() if _made(name)}
    assert found == expected
    assert {"attention.npz", "maps.npz", "first_segmentor.pth", "labels/empty.png"} <= set(found)
    assert again[0]["miou"] != first["miou"]
    assert again[1]["miou"] != final["miou"]


def _made(name):
    # The learning curve has wall-clock times and the configuration names the folders.
    return not name.startswith("first_segmentor.") or name == "first_segmentor.pth"


def test_wrong_inputs_are_one_line(squares, done, tmp_path):
    out, saliency, _ = done
    fewer = copied(squares, tmp_path / "data")
    arguments = (
        "mine-nsrom-labels", "--dataset", fewer.root, "--split", "train",
        "--first", out / "first" / "labels", "--predictions", out / "first_predictions",
        "--saliency", saliency, "--parameters", json.dumps(STAGES["mining"]),
        "--output", tmp_path / "mined.zip",
    )  # fmt: skip
    (fewer.root / "splits" / "train.txt").write_text("2007_000000\nunknown\n")
    message = call(*arguments, code=1)
    assert "unknown" in message
    assert "Traceback" not in message
    call(
        "train-nsrom-integral", *arguments[1:5], "--attention", saliency / "grey.png",
        "--parameters", json.dumps(STAGES["integral"]), "--output", tmp_path / "maps.npz", code=1,
    )  # fmt: skip
    assert not list(tmp_path.glob("*.zip"))
