"""The methods of the IRN family: their own stages, and the chain's where they share it."""

import json

import pytest

OWN = {
    "rib": {"make_rib_cams": 2},
    "amn": {"make_initial_cams": 2, "make_initial_seeds": 2, "train_amn": 1, "make_amn_cams": 2},
}
SHARED = {
    "train_classifier": 1,
    "make_cams": 2,
    "make_seeds": 2,
    "train_edges": 1,
    "walk_labels": 2,
    "gather_irn_labels": 1,
}
REPLACED = {"rib": {"make_cams"}, "amn": {"make_cams"}}


def small(workflow, method):
    stages = {"classifier": {"epochs": 4}, "edges": {"epochs": 2}}
    return workflow({"settings": {"methods": {method: {"stages": stages}}}})


@pytest.mark.parametrize("method", OWN)
def test_a_method_adds_its_own_stages_to_the_chain(workflow, method):
    run = small(workflow, method)
    manifest = f"results/demo/pseudo_labels/coco/{method}/manifest.json"
    planned = run.planned(manifest)
    shared = {rule: count for rule, count in SHARED.items() if rule not in REPLACED[method]}
    assert planned == {"make_synthetic": 1, "prepare_dataset": 1, **shared, **OWN[method]}
    run.run(manifest)
    content = json.loads((run.folder / manifest).read_text())
    assert content["images"] == 24
    assert content["miou"]["exclude"] > 0
    assert set(content["parameters"]) > {"classifier", "cam", "seed", "edges", "random_walk"}
    assert "Nothing to be done" in run.run(manifest)


def test_one_classifier_serves_every_method_that_trains_it_alike(workflow):
    manifests = [
        f"results/demo/pseudo_labels/voc/{name}/manifest.json" for name in ("irn", "rib", "amn")
    ]
    run = workflow({})
    assert run.planned(*manifests)["train_classifier"] == 3, "the small workflow changes IRN's"
    alike = {"classifier": {"epochs": 4}}
    methods = {name: {"stages": alike} for name in ("rib", "amn")}
    run = run.changed({"settings": {"methods": methods}})
    assert run.planned(*manifests)["train_classifier"] == 1
    methods = {"rib": {"stages": {"classifier": {"epochs": 5}}}}
    run = run.changed({"settings": {"methods": methods}})
    assert run.planned(*manifests)["train_classifier"] == 2
