import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallobjects.datasets.checks.agreement import instance_classes


def slow_instance_classes(instances, semantic):
    """The class of every instance, and the words that each phrase begins with."""
    found, contradictions, strays, void = {}, [], [], []
    for instance_id, class_id in zip(instances.flat, semantic.flat, strict=True):
        if instance_id != 255:
            found.setdefault(int(instance_id), []).extend({int(class_id)} - {255})
        elif class_id not in (0, 255) and instances.dtype == np.uint16:
            void.append(int(class_id))
    stray = found.pop(0, [])
    for class_id in sorted(set(stray) - {0}):
        strays.append(f"{stray.count(class_id)} pixels of class {class_id} belong to no")
    for class_id in sorted(set(void)):
        strays.append(f"{void.count(class_id)} pixels of class {class_id} are 255 (void) in")
    classes = {}
    for instance_id, pixels in sorted(found.items()):
        if not set(pixels) - {0}:
            contradictions.append(f"instance {instance_id} has no pixel of any class")
        elif len(set(pixels)) > 1:
            contradictions.append(
                f"instance {instance_id} has pixels of the classes {sorted(set(pixels))}"
            )
        else:
            classes[instance_id] = pixels[0]
    return classes, strays + contradictions


SHAPE = (2, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@given(st.data(), arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 3, 20, 255])))
@example(None, np.array([[0, 4, 255], [7, 7, 0]], np.uint8))
def test_classes_and_contradictions(dtype, data, semantic):
    if data is None:
        instances = np.array([[0, 1, 1], [9, 9, 0]], dtype)
    else:
        ids = [0, 1, 2, 7, 254, 255, *([256, 700] if dtype == np.uint16 else [])]
        instances = data.draw(arrays(dtype, SHAPE, elements=st.sampled_from(ids)))
    expected, beginnings = slow_instance_classes(instances, semantic)
    classes, phrases = instance_classes(instances, semantic)
    assert classes == expected
    assert len(phrases) == len(beginnings)
    for phrase, beginning in zip(phrases, beginnings, strict=True):
        assert phrase.startswith(beginning)
