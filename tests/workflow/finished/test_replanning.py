"""A changed setting plans the stages that read it, what follows from them, and nothing else."""

import pytest

# What shows the scores of pseudo-labels, and the page of all settings.
SHOWN = {
    **{"table2": 1, "plots": 1, "runtimes": 1, "html_tables": 1, "configuration": 1},
    "all": 1,
}
ARMS = {"train_arm": 4, "predict": 6, "score": 6, "panels": 3, **SHOWN}
MODELS = {"train_shared": 2, **ARMS}
LABELS = {"walk_labels": 4, "gather_irn_labels": 2, "label_panels": 2, **MODELS}

CASES = {
    "the seed's foreground threshold": (
        {"methods": {"irn": {"stages": {"seed": {"foreground_threshold": 0.42}}}}},
        {"make_seeds": 4, "train_edges": 2, **LABELS},
    ),
    "the walk's background threshold": (
        {"methods": {"irn": {"stages": {"random_walk": {"background_threshold": 0.31}}}}},
        LABELS,
    ),
    "a threshold of one dataset": (
        {
            "methods": {
                "irn": {
                    "per_dataset": {
                        "coco": {"stages": {"random_walk": {"background_threshold": 0.31}}}
                    }
                }
            }
        },
        {
            **{"walk_labels": 2, "gather_irn_labels": 1, "train_shared": 1, "train_arm": 2},
            **{"predict": 2, "score": 2, "panels": 1, "label_panels": 1, **SHOWN},
        },
    ),
    "the threshold at which CAMs are scored": (
        {"methods": {"irn": {"stages": {"cam": {"evaluation_threshold": 0.21}}}}},
        {"gather_irn_labels": 2, "label_panels": 2, **MODELS},
    ),
    "the strength of EWC": (
        {"segmentors": {"deeplabv2": {"ewc": {"strength": 3.0}}}},
        {**ARMS, "supplement_table2": 1},
    ),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_reruns_what_reads_it(finished, case):
    changes, expected = CASES[case]
    assert finished.changed({"settings": changes}).planned() == expected


def test_one_more_seed_keeps_what_is_there(finished):
    planned = finished.changed({"seeds": [0, 1]}).planned()
    new = {"train_shared": 4, "train_arm": 8, "predict": 12, "score": 12}
    assert planned == {**new, "supplement_table2": 1, **SHOWN}, "panels show the first seed"


def test_intervals_in_the_tables_change_the_tables_alone(finished):
    planned = finished.changed({"tables": {"intervals": True}}).planned()
    assert planned == {"table2": 1, "html_tables": 1, "configuration": 1, "all": 1}


def test_other_images_in_the_panels_change_the_panels_alone(finished):
    panels = {"images": {"largest_gain": 1, "largest_loss": 0, "random": 2}}
    planned = finished.changed({"figures": {"panels": panels}}).planned()
    assert planned == {"panels": 3, "label_panels": 2, "configuration": 1, "all": 1}
