"""PASCAL-B evaluates the models of VOC: nothing is trained on it, and a rebuilt set says so."""

import json

import pandas as pd
import pytest

FIGURES = {"figure1": 1, "figure3": 1}
SCORES = {"table2": 1, "supplement_table2": 1}
CE_ON_TRUTH = {"matrix": [{"labels": ["full"], "segmentors": ["deeplabv2"]}], "losses": ["ce"]}
PICTURES = {"panels": 1, "plots": 1, "runtimes": 1, "html_tables": 1, "configuration": 1}
EVALUATION = {
    **{"find_candidates": 1, "select_images": 1, "prepare_dataset": 1},
    **{"predict": 4, "score": 4, "table1": 1, **SCORES, **FIGURES, "all": 1},
    **PICTURES,
}
ROOT = "results/demo"
CANDIDATES = f"{ROOT}/selections/pascal_b/candidates.parquet"


def pascal_b(**changes):
    return {"settings": {"datasets": {"pascal_b": changes}}}


def test_alone_it_asks_for_the_models_of_voc(workflow):
    planned = workflow({**CE_ON_TRUTH, "datasets": ["pascal_b"]}).planned()
    assert planned == {
        **{"make_synthetic": 2, "find_candidates": 1, "select_images": 1, "prepare_dataset": 2},
        **{"ground_truth_labels": 1, "train_shared": 1, "train_arm": 1},
        **{"predict": 1, "score": 1, "table1": 1, **SCORES, **FIGURES, "all": 1},
        **PICTURES,
    }


def test_beside_voc_it_trains_nothing(workflow):
    without = workflow({"datasets": ["voc", "coco"]}).planned()
    more = workflow().planned() - without
    assert more == {
        **{"make_synthetic": 1, "find_candidates": 1, "select_images": 1, "prepare_dataset": 1},
        **{"predict": 4, "score": 4, "panels": 1},
    }


def test_external_labels_of_voc_are_evaluated_too(workflow, tmp_path):
    external = {"title": "Mine", "supervision": "image", "labels": {"voc": str(tmp_path)}}
    changes = {"matrix": [{"labels": ["external:mine"], "segmentors": ["deeplabv2"]}]}
    run = workflow({**changes, "losses": ["ce"], "external": {"mine": external}})
    planned = run.planned()
    assert (planned["external_labels"], planned["train_shared"]) == (1, 1)
    assert (planned["predict"], planned["score"]) == (2, 2)


def test_nothing_can_be_trained_on_it(workflow):
    output = workflow().run(
        "--dry-run",
        f"{ROOT}/segmentors/pascal_b/full/deeplabv2/seed0/shared.pth",
        succeeds=False,
    )
    assert "pascal_b has no split for 'train': it evaluates the models of voc" in output


def test_the_files_stand_where_the_contracts_say(finished):
    root = finished.folder / ROOT
    assert not (root / "segmentors/pascal_b").exists()
    assert not (root / "pseudo_labels/pascal_b").exists()
    selected = (root / "selections/pascal_b/images.txt").read_text()
    assert selected == (root / "datasets/pascal_b/splits/val.txt").read_text()
    assert len(selected.split()) == 8
    predictions = (root / "predictions/pascal_b/irn/deeplabv2/sb/seed0").glob("*.png")
    assert sorted(path.stem for path in predictions) == selected.split()
    rows = pd.read_parquet(root / "scores/pascal_b/irn/deeplabv2/sb/seed0/instances.parquet")
    assert set(rows.image) == set(selected.split())


def test_everything_says_that_it_is_rebuilt(finished):
    report = json.loads((finished.folder / ROOT / "selections/pascal_b/report.json").read_text())
    dataset = json.loads((finished.folder / ROOT / "datasets/pascal_b/dataset.json").read_text())
    caption = (finished.folder / "results/tables/table1.tex").read_text()
    said = "which are not those of the paper; the candidates were not filtered by hand"
    for text in (report["statement"], dataset["source"], caption):
        assert said in text
    assert "PASCAL-B (rebuilt)" in (finished.folder / "results/tables/table2.tex").read_text()


CASES = {
    "another seed": (pascal_b(selection={"seed": 1}), EVALUATION | {"find_candidates": 0}),
    "another mapping": (
        pascal_b(lvis={"classes": {"car": ["car_(automobile)", "jeep"]}, "narrower": {"car": []}}),
        EVALUATION,
    ),
    "other size limits": (pascal_b(size_limits=[150, 800]), EVALUATION),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_reruns_what_reads_it(finished, case):
    changes, expected = CASES[case]
    assert finished.changed(changes).planned() == {k: v for k, v in expected.items() if v}


def test_decisions_filter_the_candidates(workflow, tmp_path):
    """A decisions file is read where it lies; a changed one selects anew, a wrong one does not."""
    path = tmp_path / "my decisions.csv"
    run = workflow(pascal_b(selection={"decisions": str(path), "images": 4}))
    report = f"{ROOT}/selections/pascal_b/report.json"
    assert "settings.datasets.pascal_b.selection.decisions" in run.run(report, succeeds=False)
    path.write_text("image,decision\n")
    run.run(CANDIDATES)
    ids = pd.read_parquet(run.folder / CANDIDATES)["image"]
    path.write_text("image,decision\n" + "".join(f"{image},accept\n" for image in ids[:6]))
    run.run(report)
    content = json.loads((run.folder / report).read_text())
    assert set(content["images"]) <= set(ids[:6])
    assert "filtered by hand (6 accepted, 0 rejected" in content["statement"]
    assert run.planned("--", report) == {}
    path.write_text(path.read_text() + "x,reject\n")
    assert run.planned("--", report) == {"select_images": 1}
    output = run.run(report, "--show-failed-logs", succeeds=False)
    assert "my decisions.csv: image 'x' is no candidate" in output
