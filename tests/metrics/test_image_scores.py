"""One pass gives what the two functions give."""

import numpy as np
import pytest
from hypothesis import given, settings
from scenes import LIMITS, NUM_CLASSES, scenes

from smallobjects.metrics import confusion_matrix, instance_ious
from smallobjects.metrics.checks import MaskNames
from smallobjects.metrics.image_scores import image_scores


@settings(max_examples=200, deadline=None)
@given(scenes())
def test_gives_what_the_two_functions_give(scene):
    rows, confusion = image_scores(*scene, NUM_CLASSES, size_limits=LIMITS)
    expected = instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS)
    assert rows.tobytes() == expected.tobytes()
    assert confusion.tolist() == confusion_matrix(*scene[:2], NUM_CLASSES).tolist()


@pytest.mark.parametrize(
    ("prediction", "semantic", "instances", "message"),
    [
        ([[9]], [[1]], [[1]], "found.png: class 9 in 1 pixels"),
        ([[1]], [[9]], [[1]], "classes.png: class 9 in 1 pixels"),
        ([[1, 1]], [[1]], [[1]], "found.png: 1×2 pixels .*, but objects.png has 1×1"),
        ([[1]], [[0]], [[3]], "objects.png: instance 3 has no class"),
        ([[1]], [[1.0]], [[1]], "classes.png: expected a mask of integers, got float64"),
        ([[1]], [[1]], [[65536]], "objects.png: instance id 65536"),
    ],
)
def test_messages_name_the_files(prediction, semantic, instances, message):
    masks = map(np.array, (prediction, semantic, instances))
    with pytest.raises(ValueError, match=message):
        image_scores(*masks, 4, names=MaskNames("found.png", "classes.png", "objects.png"))
