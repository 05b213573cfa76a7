"""What methods that build on IRN plan: their own stages, IRN's for the others."""

import pytest

PLANS = {
    "cda": {
        "cut_objects": 2,
        "train_pasted_classifier": 2,
        "train_classifier": 2,
        "make_cams": 8,
        "train_edges": 4,
        "gather_irn_labels": 4,
    },
    "clims": {
        "train_scorer": 2,
        "train_clims": 2,
        "train_classifier": 2,
        "make_cams": 4,
        "train_edges": 2,
        "gather_irn_labels": 2,
    },
    "edam": {
        "train_saliency": 2,
        "make_saliency": 2,
        "train_classifier": 2,
        "train_edam": 2,
        "make_edam_cams": 4,
        "make_edam_labels": 4,
        "gather_edam_labels": 2,
        "train_edges": 0,
    },
}


@pytest.mark.parametrize("method", PLANS)
def test_a_method_replaces_one_stage(workflow, method):
    targets = [
        f"results/demo/pseudo_labels/{name}/{method}/manifest.json" for name in ("voc", "coco")
    ]
    planned = workflow().planned(*targets)
    data = {"make_synthetic": 2, "prepare_dataset": 2}
    assert {name: planned[name] for name in PLANS[method]} == PLANS[method]
    assert {name: planned[name] for name in data} == data
