import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smallobjects.datasets.preparation.instance_rows import instance_rows, size_name


@pytest.mark.parametrize(
    ("area", "size"),
    [(1, "small"), (1023, "small"), (1024, "medium"), (9215, "medium"), (9216, "large")],
)
def test_limits_belong_to_the_larger_size(area, size):
    assert size_name(area, (1024, 9216)) == size


@given(arrays(np.uint16, (5, 6), elements=st.sampled_from([0, 1, 2, 5, 254, 255, 256, 700])))
def test_instance_rows(instances):
    expected = []
    for instance_id in sorted(set(instances.flat) - {0, 255}):
        pixels = [(y, x) for y in range(5) for x in range(6) if instances[y, x] == instance_id]
        ys, xs = [y for y, _ in pixels], [x for _, x in pixels]
        size = "small" if len(pixels) < 2 else "medium" if len(pixels) < 5 else "large"
        box = (min(xs), min(ys), max(xs) + 1, max(ys) + 1)
        expected.append(("007", instance_id, 1 + instance_id % 4, len(pixels), size, *box))
    classes = {int(value): 1 + int(value) % 4 for value in np.unique(instances)}
    assert instance_rows("007", instances, classes, (2, 5)) == expected
