"""Labels of a run, given back as an external folder, are a label source like any other."""

import json
import shutil

import pandas as pd
from PIL import Image

DATASET = "results/demo/datasets/voc"
EXTERNAL = {"matrix": [{"labels": ["external:again"], "segmentors": ["deeplabv2"]}]}


def given(folder):
    external = {"title": "Again", "supervision": "image", "labels": {"voc": str(folder)}}
    return {**EXTERNAL, "datasets": ["voc"], "external": {"again": external}}


def test_the_same_labels_reach_the_same_scores(finished):
    labels = finished.folder / "results/demo/pseudo_labels/voc/irn/labels"
    given_back = shutil.copytree(labels, finished.folder / "given back")
    targets = [
        f"results/demo/scores/voc/external:again/deeplabv2/{loss}/seed0/summary.json"
        for loss in ("ce", "sb")
    ]
    finished.changed(given(given_back)).run(*targets)
    for target in targets:
        again = finished.folder / target
        first = finished.folder / target.replace("external:again", "irn")
        assert json.loads(again.read_text()) == json.loads(first.read_text())
        frames = [pd.read_parquet(path.with_name("instances.parquet")) for path in (first, again)]
        pd.testing.assert_frame_equal(*frames)


def test_a_folder_with_a_flaw_is_refused_and_the_file_named(finished, tmp_path):
    labels = finished.folder / "results/demo/pseudo_labels/voc/irn/labels"
    folder = shutil.copytree(labels, tmp_path / "labels")
    flawed = sorted(folder.glob("*.png"))[3]
    Image.new("RGB", Image.open(flawed).size).save(flawed)
    run = finished.changed({**given(folder), "results": str(tmp_path / "results")})
    output = run.run("--show-failed-logs", succeeds=False)
    assert flawed.name in output
    assert not list((tmp_path / "results").glob("**/manifest.json"))
