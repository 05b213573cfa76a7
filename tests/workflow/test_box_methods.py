"""The methods of box supervision: their chains, and what a changed setting reruns."""

import json

import pytest

CHAINS = {
    "bana": {"train_box_classifier": 1, "make_bana_labels": 1, "gather_bana_labels": 1},
    "bbam": {
        "train_detector": 1,
        "attribute_boxes": 1,
        "make_bbam_labels": 1,
        "gather_bbam_labels": 1,
    },
}
FEW_STEPS = {
    "bana": {"stages": {"box_classifier": {"steps": 20}}},
    "bbam": {"stages": {"detector": {"steps": 20}, "attribution": {"steps": 2}}},
}
CHANGES = {
    "bana": (
        {"label": {"background_threshold": 0.5}},
        {"make_bana_labels", "gather_bana_labels"},
    ),
    "bbam": ({"label": {"certainty": 0.8}}, {"make_bbam_labels", "gather_bbam_labels"}),
}


@pytest.fixture(scope="module")
def boxed(workflow):
    changes = {"compute": {"shards": 1}, "settings": {"methods": FEW_STEPS}}
    return workflow(changes)


@pytest.mark.parametrize("method", CHAINS)
def test_a_chain_runs_and_a_setting_reruns_what_reads_it(boxed, method):
    manifest = f"results/demo/pseudo_labels/voc/{method}/manifest.json"
    planned = boxed.planned(manifest)
    assert {rule: planned[rule] for rule in CHAINS[method]} == CHAINS[method]
    assert set(planned) <= {"make_synthetic", "prepare_dataset", *CHAINS[method]}
    boxed.run(manifest)
    content = json.loads((boxed.folder / manifest).read_text())
    assert content["images"] == 24
    assert content["stages"]["filled_boxes"] > content["stages"]["all_background"]
    assert "Nothing to be done" in boxed.run(manifest)
    stages, rerun = CHANGES[method]
    changed = boxed.changed({"settings": {"methods": {method: {"stages": stages}}}})
    assert set(changed.planned(manifest)) == rerun
