"""The command that chooses thresholds: on maps of known content, and on bad input."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from click.testing import CliRunner
from irn_chain import STAGES
from published_settings import published
from square_scenes import draw, write_dataset

from smallobjects.cli import main
from smallobjects.config import load
from smallobjects.pseudo_labels.attention.store import write_attention
from smallobjects.pseudo_labels.cams.store import write_cams
from smallobjects.pseudo_labels.cams.stores import CamStores
from smallobjects.pseudo_labels.cams.strides import STRIDE, strided_size
from smallobjects.pseudo_labels.irn.edges import EdgeNetwork, predict_edges, save_edges
from smallobjects.pseudo_labels.irn.propagation import propagate_label
from smallobjects.pseudo_labels.irn.seed import make_seed
from smallobjects.pseudo_labels.labels.scores import LabelScores, mean_iou
from smallobjects.pseudo_labels.parameters import SeedParameters
from smallobjects.pseudo_labels.tuning.one_threshold import try_thresholds
from smallobjects.pseudo_labels.tuning.seed_thresholds import try_seed_thresholds
from smallobjects.pseudo_labels.tuning.stage_scores import walk_scores
from smallobjects.pseudo_labels.tuning.trials import Trial, best_trial
from smallobjects.pseudo_labels.tuning.tuning_images import tuning_images

INSIDE, AROUND = 0.9, 0.2
"""Values of the maps in the objects and around them: a threshold between the two is right."""


@pytest.fixture(scope="module")
def scenes(squares, tmp_path_factory):
    """The squares, as `voc` with a split that is scored, and maps of the others."""
    generator = np.random.default_rng(3)
    images = {}
    for number in range(8):
        image, semantic = draw(48, 48, (1 + number % 3,), generator)
        images[f"scene{number}"] = image, semantic, (1 + number % 3,)
    folder = tmp_path_factory.mktemp("scenes")
    dataset = write_dataset(folder / "voc", images)
    description = json.loads((dataset.root / "dataset.json").read_text())
    (dataset.root / "dataset.json").write_text(json.dumps({**description, "name": "voc"}))
    for split, ids in (("tuned", range(4)), ("scored", range(4, 8)), ("mixed", range(2, 6))):
        lines = "".join(f"scene{number}\n" for number in ids)
        (dataset.root / "splits" / f"{split}.txt").write_text(lines)
    with write_cams(folder / "cams.npz") as cams:
        for image_id in dataset.split("train"):
            cams.write(image_id, *maps_of(dataset, image_id))
    return type(dataset)(dataset.root)


def maps_of(dataset, image_id):
    """High in the object, lower on everything but the border."""
    truth = dataset.read_semantic(image_id)
    [class_id] = dataset.image_classes[image_id]
    maps = np.zeros(strided_size(*truth.shape), dtype=np.float32)
    maps[1:-1, 1:-1] = AROUND
    maps[truth[::STRIDE, ::STRIDE] == class_id] = INSIDE
    return np.array([class_id], np.uint8), maps[None]


@pytest.fixture
def tune(scenes, repository, tmp_path):
    """Run the command on the scenes; return the result, and the thresholds of the file."""
    cams = scenes.root.parent / "cams.npz"

    def run(
        *options,
        method="irn",
        stage="cam",
        split="tuned",
        files=("--cams", cams),
        code=0,
        scored=("--scored", "scored"),
    ):
        arguments = ["tune-thresholds", "--dataset", scenes.root, "--split", split]
        arguments += ["--method", method, "--stage", stage, *files, "--device", "cpu"]
        arguments += ["--config", repository / "config" / "config.yaml"]
        arguments += [*scored, *options, "--output", tmp_path / "tuned.yaml"]
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
        assert "Traceback" not in result.output
        return result

    run.output = tmp_path / "tuned.yaml"
    return run


def chosen(path, stage, *, method="irn"):
    content = yaml.safe_load(path.read_text())
    return content["settings"]["methods"][method]["per_dataset"]["voc"]["stages"][stage]


@pytest.mark.parametrize("by", ["masks", "boxes", "image-labels"])
def test_the_threshold_parts_what_the_maps_part(tune, by):
    result = tune("--by", by)
    [value] = chosen(tune.output, "cam").values()
    assert AROUND <= value < INSIDE
    assert ("points over those in use" in result.output) == (by == "masks")
    assert "chosen" in result.output
    curve = pd.read_csv(tune.output.with_suffix(".csv"))
    assert next(iter(curve)) == "evaluation_threshold"
    assert curve.iloc[curve.iloc[:, 1].argmax()]["evaluation_threshold"] == value
    for suffix in (".png", ".pdf"):
        assert tune.output.with_suffix(suffix).stat().st_size > 1000


def test_the_file_is_laid_over_the_configuration(tune, repository):
    tune()
    text = tune.output.read_text()
    assert "4 images" in text
    assert "published: evaluation_threshold 0.15" in text
    path = repository / "config" / "config.yaml"
    before, after = load(path), load(path, yaml.safe_load(text))
    [value] = chosen(tune.output, "cam").values()
    assert after.stages("irn", "voc").cam.evaluation_threshold == value
    assert after.stages("irn", "coco") == before.stages("irn", "coco")
    tune("--all-datasets")
    after = load(path, yaml.safe_load(tune.output.read_text()))
    assert after.stages("irn", "coco").cam.evaluation_threshold == value


def test_what_is_in_use_is_that_of_the_configuration(tune, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("settings: {methods: {irn: {stages: {cam: {evaluation_threshold: 0.8123}}}}}")
    output = tune("--configfile", mine).output
    assert "in use: evaluation_threshold 0.8123" in output
    assert "published: evaluation_threshold 0.15" in output


def test_attention(tune, scenes, tmp_path):
    maps = (
        (image_id, (classes, (255 * maps).astype(np.uint8)))
        for image_id in scenes.split("tuned")
        for classes, maps in [maps_of(scenes, image_id)]
    )
    write_attention(tmp_path / "attention.npz", maps)
    files = ("--attention", tmp_path / "attention.npz")
    tune(method="nsrom", stage="scoring", files=files)
    [value] = chosen(tune.output, "scoring", method="nsrom").values()
    assert AROUND < value < 1


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("edges") / "edges.pth"
    save_edges(path, EdgeNetwork("tiny"))
    return path


def test_the_walk_is_tried_as_labels_are_made(scenes, edges):
    parameters = published("irn.random_walk", steps=16, pad_to=None)
    network = EdgeNetwork("tiny")
    thresholds, ids = [0.1, 0.3, 0.5, 0.7], scenes.split("tuned")
    cpu = torch.device("cpu")
    with CamStores([scenes.root.parent / "cams.npz"]) as stores:
        scores = walk_scores(stores, edges, parameters, cpu)
        name = "background_threshold"
        trials = try_thresholds(scenes, ids, scores, name, thresholds, "masks")
        from smallobjects.pseudo_labels.irn.edges import load_edges

        network = load_edges(edges)
        for trial, threshold in zip(trials, thresholds, strict=True):
            own = parameters.model_copy(update={name: threshold})
            slow = LabelScores(scenes.num_classes)
            for image_id in ids:
                image = scenes.read_image(image_id)
                edge_map = predict_edges(network, image, None, cpu)
                classes, maps = stores.read(image_id, image.shape[:2])
                label = propagate_label(classes, maps, edge_map, *image.shape[:2], own)
                slow.add(scenes.read_semantic(image_id), label)
            assert trial == Trial({name: threshold}, mean_iou(slow.confusion("exclude")))


def test_the_walk_by_its_command(tune, edges, scenes):
    files = ("--cams", scenes.root.parent / "cams.npz", "--edges", edges)
    result = tune(stage="random_walk", files=files)
    assert set(chosen(tune.output, "random_walk")) == {"background_threshold"}
    assert "published: background_threshold 0.25" in result.output


def test_seeds_are_tried_as_they_are_made(scenes):
    parameters = SeedParameters.model_validate(STAGES["seed"])
    ids, thresholds = scenes.split("tuned")[:2], [0.3, 0.6, 0.95]
    with CamStores([scenes.root.parent / "cams.npz"]) as stores:
        free = try_seed_thresholds(scenes, ids, stores, parameters, thresholds, 1.0)
        unsure_shares = [trial.beside["unsure_share"] for trial in free]
        limit = (min(unsure_shares) + max(unsure_shares)) / 2
        trials = try_seed_thresholds(scenes, ids, stores, parameters, thresholds, limit)
        assert len(trials) == 6
        for trial in trials:
            own = parameters.model_copy(update=trial.settings)
            slow = LabelScores(scenes.num_classes)
            for image_id in ids:
                image = scenes.read_image(image_id)
                classes, maps = stores.read(image_id, image.shape[:2])
                slow.add(scenes.read_semantic(image_id), make_seed(image, classes, maps, own))
            assert trial.value == mean_iou(slow.confusion("exclude"))
            unsure = slow.counts[:, -1].sum() / slow.counts.sum()
            assert trial.beside == {"unsure_share": unsure}
            assert trial.allowed == (unsure <= limit)
    assert {trial.allowed for trial in trials} == {True, False}


def test_seeds_by_the_command(tune):
    tune("--grid", 0.3, 0.9, 0.3, stage="seed")
    found = chosen(tune.output, "seed")
    assert found["background_threshold"] <= found["foreground_threshold"]
    curve = pd.read_csv(tune.output.with_suffix(".csv"))
    assert {"foreground_threshold", "background_threshold", "miou", "unsure_share"} == set(curve)


def test_what_may_not_be_chosen_is_not_the_best():
    trials = [Trial({"t": 1}, 0.9, allowed=False), Trial({"t": 2}, None), Trial({"t": 3}, 0.5)]
    assert best_trial(trials).settings == {"t": 3}


def test_scored_images_are_refused_or_left_out(tune, scenes):
    result = tune(split="mixed", code=1)
    [line] = result.output.splitlines()
    for word in ("splits/mixed.txt", "scene4", "'scored'", "2 such images", "--leave-out-scored"):
        assert word in line
    assert "'scored'" in tune(split="scored", code=1).output
    assert "take a split" in tune("--leave-out-scored", split="scored", code=1).output
    tune("--leave-out-scored", split="mixed")
    assert "2 images" in tune.output.read_text()
    ids = tuning_images(scenes, "train", ["scored"], leave_out_scored=True, limit=3, seed=1)
    assert len(ids) == 3
    assert set(ids) <= set(scenes.split("tuned"))


def test_without_named_ones_the_scored_splits_are_those_of_the_dataset(tune):
    """Those of voc are train, of which all scenes are, and val."""
    line = tune(scored=(), code=1).output.splitlines()[-1]
    assert "scene0 is in the scored split 'train'" in line


@pytest.mark.parametrize(
    ("options", "changes", "words"),
    [
        ((), {"method": "irm"}, ("irm", "amn", "irn")),
        ((), {"method": "bana"}, ("bana", "no such stage", "box_classifier")),
        ((), {"files": ()}, ("--stage cam needs --cams",)),
        ((), {"stage": "random_walk"}, ("needs --edges",)),
        (("--attention", __file__), {}, ("does not read --attention",)),
        (("--by", "boxes"), {"stage": "seed"}, ("masks alone",)),
        (("--grid", 0.5, 0.2, 0.1), {}, ("--grid 0.5 0.2 0.1", "FIRST ≤ LAST")),
        ((), {"split": "nosuch"}, ("nosuch.txt", "tuned")),
        ((), {"files": ("--cams", __file__)}, ("test_tune_thresholds.py", "make-cams")),
    ],
)
def test_bad_input_is_named_in_one_line(tune, options, changes, words):
    code = 2 if any(word.startswith(("--stage", "needs", "does", "masks")) for word in words) else 1
    line = tune(*options, **changes, code=code).output.splitlines()[-1]
    assert line.startswith("Error: ")
    for word in words:
        assert word in line
