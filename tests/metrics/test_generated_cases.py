"""10,000 generated images: the scores are those of the pixel-by-pixel reference, exactly."""

from collections import Counter

import numpy as np
import pytest
from generated_cases import NUM_CLASSES, VOID, cases
from reference_scores import confusion_loop, instance_rows
from scipy import ndimage

from smallobjects.metrics import confusion_matrix, instance_ious

LIMITS = (4, 16)
SEEDS = range(4)
CASES = 2500


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_and_confusion_are_exact(seed):
    for number, scene in enumerate(cases(CASES, seed)):
        rows = instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS)
        expected = instance_rows(*scene, NUM_CLASSES, LIMITS)
        assert [row.tolist() for row in rows] == expected, f"seed {seed}, case {number}"
        found = confusion_matrix(*scene[:2], NUM_CLASSES)
        assert found.tolist() == confusion_loop(*scene[:2], NUM_CLASSES), number


def test_the_cases_hold_what_the_definition_must_decide():
    found = sum((Counter(traits(*scene)) for scene in cases(CASES, SEEDS[0])), Counter())
    assert found["300 instances"] == 3
    for trait in (
        "nested island",
        "touching siblings",
        "diagonal contact",
        "prediction on void",
        "gap in the ids",
        "class without instance",
        "all void",
        "no background",
        "one-pixel object",
        "255 in the prediction",
        "component over siblings",
    ):
        assert found[trait] >= 20, (trait, found)


def traits(prediction, semantic, instances):
    """Name what is special in a scene."""
    ids = [k for k in np.unique(instances).tolist() if k not in (0, VOID)]
    areas = [np.count_nonzero(instances == k) for k in ids] if len(ids) < 300 else []
    special = {
        "300 instances": len(ids) == 300,
        "gap in the ids": bool(ids) and ids != list(range(1, len(ids) + 1)),
        "one-pixel object": 1 in areas,
        "all void": (instances == VOID).all(),
        "no background": bool(ids) and not (semantic == 0).any(),
        "255 in the prediction": (prediction == VOID).any(),
        "prediction on void": ((instances == VOID) & (prediction > 0)).any(),
        "class without instance": not set(range(1, NUM_CLASSES)) <= set(semantic.ravel().tolist()),
    }
    beside = (instances[:, 1:] != instances[:, :-1]) & (semantic[:, 1:] == semantic[:, :-1])
    special["touching siblings"] = (beside & np.isin(instances[:, 1:], ids)).any()
    for class_id in set(semantic.ravel().tolist()) - {0, VOID}:
        mask = prediction == class_id
        by_edges = ndimage.label(mask)[1]
        regions, count = ndimage.label(mask, np.ones((3, 3)))
        filled = ndimage.label(ndimage.binary_fill_holes(mask), np.ones((3, 3)))[1]
        special["diagonal contact"] = special.get("diagonal contact") or count < by_edges
        special["nested island"] = special.get("nested island") or filled < count
        for k in range(1, count + 1) if len(ids) < 300 else ():
            below = set(instances[(regions == k) & (semantic == class_id)].tolist()) - {VOID}
            if len(below) > 1:
                special["component over siblings"] = True
    return [name for name, holds in special.items() if holds]
