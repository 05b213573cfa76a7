"""NS-ROM and RCA in the workflow: their plans, and a run of the one that trains a segmentor."""

import json

DATA = {"make_synthetic": 1, "prepare_dataset": 1, "train_saliency": 1, "make_saliency": 1}
NSROM = {
    "train_nsrom_classifier": 1,
    "train_nsrom_integral": 1,
    "make_nsrom_labels": 1,
    "gather_first_labels": 1,
    "train_first_segmentor": 1,
    "predict_first_segmentor": 1,
    "mine_nsrom_labels": 1,
    "gather_nsrom_labels": 1,
}
MINED = ("mine_nsrom_labels", "gather_nsrom_labels")
RCA = {"train_rca": 1, "make_rca_labels": 1, "gather_rca_labels": 1}


def manifest(dataset, source):
    return f"results/demo/pseudo_labels/{dataset}/{source}/manifest.json"


def small(workflow, **segmentor):
    stages = {
        "attention_classifier": {"epochs": 2},
        "integral": {"epochs": 1},
        "first_segmentor": {"iterations": 6, **segmentor},
    }
    saliency = {"training": {"scenes": 16, "steps": 4}}
    return workflow(
        {
            "matrix": [{"labels": ["nsrom", "rca"], "segmentors": ["deeplabv2"]}],
            "settings": {
                "methods": {"nsrom": {"stages": stages}},
                "datasets": {name: {"saliency": saliency} for name in ("voc", "coco")},
            },
        }
    )


def test_both_plan_their_stages_and_the_saliency_once(workflow):
    run = small(workflow)
    targets = [manifest("coco", "nsrom"), manifest("coco", "rca")]
    assert run.planned(*targets) == {**DATA, **NSROM, **RCA}


def test_the_segmentor_on_the_way_is_one_of_its_own(workflow):
    run = small(workflow)
    final = "results/demo/segmentors/coco/nsrom/deeplabv2/seed0/shared.pth"
    planned = run.planned(final)
    assert planned == {**DATA, **NSROM, "train_shared": 1}


def test_labels_are_made_with_a_segmentor_and_not_made_again(workflow):
    run = small(workflow)
    target = manifest("coco", "nsrom")
    run.run(target)
    content = json.loads((run.folder / target).read_text())
    assert content["images"] == 24
    assert content["parameters"]["first_segmentor"]["iterations"] == 6
    assert content["inputs"]["saliency"]["origin"]
    folder = (run.folder / target).parent
    assert len(list((folder / "first_predictions").glob("*.png"))) == 24
    assert len(list((folder / "labels").glob("*.png"))) == 24
    assert "Nothing to be done" in run.run(target)
    after = run.changed(
        {"settings": {"methods": {"nsrom": {"stages": {"mining": {"dilation": 5}}}}}}
    )
    assert after.planned(target) == dict.fromkeys(MINED, 1)
    longer = run.changed(
        {"settings": {"methods": {"nsrom": {"stages": {"first_segmentor": {"iterations": 7}}}}}}
    )
    rules = ("train_first_segmentor", "predict_first_segmentor", *MINED)
    assert longer.planned(target) == dict.fromkeys(rules, 1)
