import numpy as np
import pytest
from scipy import ndimage

from smallobjects.datasets.synthetic.appearance import (
    SHAPES,
    ClassAppearance,
    Pose,
    class_appearances,
    object_colours,
    object_mask,
)

CLASSES = (1, 3, 7, 8, 12, 15)


def test_classes_have_distinct_hues():
    hues = sorted(appearance.hue for appearance in class_appearances(CLASSES).values())
    assert np.diff([*hues, 1 + hues[0]]) == pytest.approx(1 / len(CLASSES))


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_have_the_area_asked_for(shape):
    appearance = ClassAppearance(0.0, shape, shape)
    for angle in (0, 0.7, 2.5):
        for area in (100, 2000):
            mask = object_mask(appearance, Pose((64.0, 64.0), angle, area), 128)
            assert mask.sum() == pytest.approx(area, rel=0.12)
            assert ndimage.label(mask)[1] == 1


def test_head_differs_between_classes_and_tail_does_not():
    appearances = class_appearances(CLASSES)
    heads, tails = [], []
    for appearance in appearances.values():
        pose = Pose((48.0, 48.0), 0.0, 2500)
        colours = object_colours(appearance, pose, 96, np.random.default_rng(0))
        columns = np.flatnonzero(object_mask(appearance, pose, 96).any(axis=0))
        heads.append(colours[46:51, columns[0] : columns[0] + 8].mean(axis=(0, 1)))
        tails.append(colours[46:51, columns[-1] - 5 : columns[-1]].mean(axis=(0, 1)))
    between = np.linalg.norm(np.array(heads)[:, None] - np.array(heads)[None], axis=2)
    assert between[~np.eye(6, dtype=bool)].min() > 50
    between = np.linalg.norm(np.array(tails)[:, None] - np.array(tails)[None], axis=2)
    assert between.max() < 20
