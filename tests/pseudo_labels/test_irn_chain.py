"""The chain by its command line, on a dataset of twelve small images."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from irn_chain import STAGES, Chain, call, digests, follow_classifier
from PIL import Image
from published_settings import published, stated

from smallobjects.cli import main
from smallobjects.pseudo_labels.cams.store import CamStore
from smallobjects.pseudo_labels.irn.parameters import Stages
from smallobjects.pseudo_labels.labels.archive import LabelArchives


def run_chain(squares, out, workers=0):
    Chain(squares, out, STAGES, workers=workers).train_classifier()
    return follow_classifier(squares, out, "irn", workers=workers)


@pytest.fixture(scope="module")
def chain(squares, tmp_path_factory):
    return run_chain(squares, tmp_path_factory.mktemp("chain"))


def test_labels_beat_the_maps_beat_the_background(chain, squares):
    manifest = json.loads((chain / "manifest.json").read_text())
    assert manifest["stages"]["all_background"] < manifest["stages"]["cam"]
    assert manifest["stages"]["cam"] < manifest["miou"]["exclude"]
    assert manifest["miou"]["exclude"] == manifest["miou"]["background"]
    assert manifest["void_share"] == 0
    assert manifest["images"] == 12
    assert manifest["scored_images"] == 6
    assert manifest["seed"] == 2
    assert manifest["parameters"] == STAGES
    assert set(manifest["class_iou"]["exclude"]) == set(squares.class_names)
    assert set(manifest["versions"]) == {"smallobjects", "torch", "numpy", "pydensecrf2"}
    assert all(manifest["versions"].values())


def test_every_image_has_a_label_of_its_size_and_classes(chain, squares):
    ids = squares.split("train")
    assert {path.stem for path in (chain / "labels").iterdir()} == set(ids)
    for image_id in ids:
        with Image.open(chain / "labels" / f"{image_id}.png") as image:
            assert image.mode == "P"
            label = np.asarray(image)
        assert label.shape == squares.read_semantic(image_id).shape
        present = squares.image_classes.get(image_id, ())
        assert set(np.unique(label)) <= {0, *present}


def test_an_image_without_class_is_background_all_along(chain):
    for shard in ("1-of-2", "2-of-2"):
        with CamStore(chain / "cams" / f"{shard}.npz") as store:
            if "empty" in store.image_ids:
                classes, maps = store.read("empty", (32, 32))
                assert (len(classes), maps.shape) == (0, (0, 8, 8))
    for kind in ("seeds", "walks"):
        with LabelArchives(sorted((chain / kind).iterdir())) as archives:
            assert not archives.read("empty").any()


def test_same_bytes_again_with_helpers(chain, squares, tmp_path):
    run_chain(squares, tmp_path, workers=2)
    assert digests(tmp_path) == digests(chain)
    first, second = (
        json.loads((folder / "manifest.json").read_text()) for folder in (chain, tmp_path)
    )
    assert first.pop("seconds") >= 0
    assert second.pop("seconds") >= 0
    assert first == second


def test_processes_make_the_same_seeds(chain, squares, tmp_path):
    call(
        "make-seeds", "--dataset", squares.root, "--cams", chain / "cams" / "1-of-2.npz",
        "--parameters", json.dumps(STAGES["seed"]), "--threads", 2, "--output", tmp_path / "s.zip",
    )  # fmt: skip
    assert (tmp_path / "s.zip").read_bytes() == (chain / "seeds" / "1-of-2.zip").read_bytes()


def gather(squares, chain, out, *parts, split="train", score_split="half", cams=()):
    arguments = ["gather-labels", "--dataset", squares.root, "--split", split]
    arguments += ["--score-split", score_split, "--source", "irn"]
    for part in parts:
        arguments += ["--parts", chain / "walks" / part]
    for cam in cams:
        arguments += ["--cams", chain / "cams" / cam]
    arguments += ["--parameters", json.dumps(STAGES), "--labels", out / "labels"]
    return [*arguments, "--manifest", out / "manifest.json"]


def test_gathering_needs_every_image_once(chain, squares, tmp_path):
    both = ("1-of-2.zip", "2-of-2.zip")
    output = call(*gather(squares, chain, tmp_path, both[0]), code=1)
    assert "no label of image" in output
    output = call(*gather(squares, chain, tmp_path, *both, both[0]), code=1)
    assert "is also in" in output
    output = call(*gather(squares, chain, tmp_path, *both, split="half"), code=1)
    assert "not in the split" in output
    output = call(*gather(squares, chain, tmp_path, *both, score_split="val"), code=1)
    assert "no split 'val'" in output
    output = call(*gather(squares, chain, tmp_path, *both, cams=["2-of-2.npz"]), code=1)
    assert "no maps of image" in output
    assert not (tmp_path / "manifest.json").exists()
    call(*gather(squares, chain, tmp_path, *both))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert "cam" not in manifest["stages"]


def test_ground_truth_is_perfect(squares, tmp_path):
    call(
        "ground-truth-labels", "--dataset", squares.root, "--split", "train", "--score-split",
        "train", "--labels", tmp_path / "labels", "--manifest", tmp_path / "manifest.json",
    )  # fmt: skip
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["source"] == "full"
    assert manifest["miou"] == {"exclude": 1.0, "background": 1.0}
    pixels = np.concatenate([squares.read_semantic(i).ravel() for i in squares.split("train")])
    assert manifest["void_share"] == pytest.approx((pixels == 255).mean())
    for image_id in squares.split("train"):
        with Image.open(tmp_path / "labels" / f"{image_id}.png") as image:
            assert np.array_equal(np.asarray(image), squares.read_semantic(image_id))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"--split": "nowhere"}, "no split"),
        ({"--shard": "3-of-2"}, "3-of-2"),
        ({"--device": "abacus"}, "abacus"),
        ({"--parameters": '{"scale": 1}'}, "scale"),
        ({"--parameters": "[1"}, "--parameters"),
        ({"--classifier": "edges.pth"}, "train-classifier"),
    ],
)
def test_wrong_options_end_in_a_line(chain, squares, tmp_path, change, word):
    options = {
        "--dataset": squares.root,
        "--split": "train",
        "--classifier": "classifier.pth",
        "--shard": "1-of-2",
        "--parameters": json.dumps({"scales": [1.0], "flip": True}),
        "--output": tmp_path / "a.npz",
        **change,
    }
    options["--classifier"] = chain / options["--classifier"]
    flat = [str(part) for option in options.items() for part in option]
    result = CliRunner().invoke(main, ["make-cams", *flat])
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert word in result.output
    assert list(tmp_path.iterdir()) == []


def test_killed_half_way_leaves_no_output(chain, squares, tmp_path):
    output = tmp_path / "seeds.zip"
    slow = stated("irn.seed", crf={"iterations": 3000})
    arguments = ["make-seeds", "--dataset", squares.root, "--cams", chain / "cams" / "1-of-2.npz"]
    arguments += ["--parameters", json.dumps(slow), "--output", output]
    process = subprocess.Popen(
        [sys.executable, "-c", "from smallobjects.cli import main; main()", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < until:
            time.sleep(0.02)
        assert process.poll() is None
        assert list(tmp_path.iterdir())
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert not output.exists()
    arguments[-3] = json.dumps(STAGES["seed"])
    call(*arguments)
    assert output.read_bytes() == (chain / "seeds" / "1-of-2.zip").read_bytes()
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_image_is_named_in_one_line(squares, tmp_path, workers):
    shutil.copytree(squares.root, tmp_path / "data")
    image = tmp_path / "data" / "images" / "wide.jpg"
    image.write_bytes(image.read_bytes()[:300])
    output = call(
        "train-classifier", "--dataset", tmp_path / "data", "--split", "train", "--workers",
        workers, "--parameters", json.dumps(STAGES["classifier"]), "--output", tmp_path / "c.pth",
        code=1,
    )  # fmt: skip
    assert output.splitlines()[-1].startswith(f"Error: {image}: cannot be read")
    assert "Traceback" not in output
    assert not (tmp_path / "c.pth").exists()


def test_published_settings():
    stages = published("irn")
    assert stages.classifier.network == stages.edges.network == "resnet50"
    assert (stages.classifier.learning_rate, stages.classifier.head_learning_rate) == (0.1, 1.0)
    assert (stages.edges.radius, stages.random_walk.radius) == (10, 5)
    assert stages.random_walk.pad_to == 512
    assert Stages.model_validate(STAGES).random_walk.pad_to is None
