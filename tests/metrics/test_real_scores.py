"""Real VOC and COCO masks, scored by the package and pixel by pixel."""

import numpy as np
import pytest
from reference_scores import confusion_loop, instance_rows

from smallobjects.metrics import confusion_matrix, instance_ious, summarize
from smallobjects.metrics.instances import SIZE_LIMITS

pytestmark = pytest.mark.realdata
# The reference is slow: most images are thinned out, and the limits with them.
STEP = 6
LIMITS = tuple(limit // STEP**2 for limit in SIZE_LIMITS)


def thinned(scene):
    return [mask[::STEP, ::STEP] for mask in scene]


def assert_agrees(scene, num_classes, limits):
    rows = instance_ious(*scene, num_classes, size_limits=limits)
    assert [row.tolist() for row in rows] == instance_rows(*scene, num_classes, limits)


def test_voc_agrees_with_the_reference(voc_scenes):
    assert len(voc_scenes) == 44
    for scene in voc_scenes:
        assert_agrees(thinned(scene), 21, LIMITS)


def test_coco_agrees_with_the_reference(coco_scenes):
    assert len(coco_scenes) == 100
    for scene in coco_scenes:
        assert_agrees(thinned(scene), 81, LIMITS)


def test_whole_images_agree_with_the_reference(voc_scenes, coco_scenes):
    assert_agrees(voc_scenes[0], 21, SIZE_LIMITS)
    assert_agrees(coco_scenes[0], 81, SIZE_LIMITS)


def test_confusion_of_whole_images(voc_scenes):
    for prediction, semantic, _ in voc_scenes[:3]:
        expected = confusion_loop(prediction, semantic, 21)
        assert confusion_matrix(prediction, semantic, 21).tolist() == expected


def test_sizes_of_the_official_voc_masks(voc_scenes):
    found = [instance_ious(*scene, 21) for scene in voc_scenes]
    confusion = sum(confusion_matrix(p, s, 21) for p, s, _ in voc_scenes)
    summary = summarize(np.concatenate(found), confusion, 21)
    assert summary["instances"] == {"small": 26, "medium": 34, "large": 55, "total": 115}
    assert summary["ia_s"] < summary["ia_m"] < summary["ia_l"] < 1
