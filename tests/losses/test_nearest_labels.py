"""Labels brought to another resolution, against Pillow and torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from smallobjects.losses import nearest_labels

sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@settings(max_examples=100, deadline=None)
@given(sizes, sizes)
def test_equals_pillow(old, new):
    labels = np.random.default_rng(0).integers(0, 256, old, dtype=np.uint8)
    expected = Image.fromarray(labels).resize((new[1], new[0]), Image.Resampling.NEAREST)
    result = nearest_labels(torch.from_numpy(labels), new).numpy()
    # Pillow adds up steps in floating point, so on a border between two pixels it may take either.
    rows, columns = (
        [i for i in range(n) if (2 * i + 1) * o % (2 * n)] for o, n in zip(old, new, strict=True)
    )
    inside = np.ix_(rows, columns)
    np.testing.assert_array_equal(result[inside], np.array(expected)[inside])


@pytest.mark.parametrize("new", [(41, 41), (21, 21), (31, 31), (160, 161)])
def test_equals_nearest_exact(new):
    labels = torch.randint(0, 256, (2, 1, 321, 321), generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(labels.double(), new, mode="nearest-exact").long()
    assert torch.equal(nearest_labels(labels, new), expected)


def test_the_same_size_changes_nothing():
    labels = torch.arange(12).reshape(3, 4)
    assert torch.equal(nearest_labels(labels, (3, 4)), labels)
