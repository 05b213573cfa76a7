import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.cams.maps import to_image_size
from smallobjects.pseudo_labels.irn.propagation import propagate_label
from smallobjects.pseudo_labels.irn.random_walk import random_walk


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(9, 30), st.integers(9, 30), st.integers(0, 10**6))
def test_equals_a_loop_over_pixels(count, height, width, seed):
    generator = np.random.default_rng(seed)
    shape = (-(-height // 4), -(-width // 4))
    classes = np.sort(generator.choice(np.arange(1, 21), count, replace=False))
    maps = generator.random((count, *shape)).astype(np.float32)
    edges = torch.from_numpy(generator.random(shape) ** 3)
    parameters = published("irn.random_walk", steps=8, cam_power=1.3, background_threshold=0.7)
    found = propagate_label(classes, maps, edges, height, width, parameters)
    walked = random_walk(torch.from_numpy(maps) ** 1.3, edges, 5, 10, 8)
    full = to_image_size(walked, height, width).numpy()
    for y in range(height):
        for x in range(width):
            scores = [0.7, *(full[:, y, x] / full.max())]
            assert found[y, x] == [0, *classes][int(np.argmax(scores))]


def test_fills_the_object_up_to_its_edge():
    edges = torch.zeros(12, 12)
    edges[2, 2:10] = edges[9, 2:10] = edges[2:10, 2] = edges[2:10, 9] = 1
    maps = np.zeros((1, 12, 12), dtype=np.float32)
    maps[0, 4:6, 4:6] = 1
    label = propagate_label(np.array([4]), maps, edges, 48, 48, published("irn.random_walk"))
    assert (label[14:34, 14:34] == 4).all()
    assert not label[:7].any()
    assert not label[:, 42:].any()


def test_nothing_to_walk_is_background():
    parameters = published("irn.random_walk")
    edges = torch.zeros(3, 3)
    zeros = np.zeros((1, 3, 3), dtype=np.float32)
    assert not propagate_label(np.array([2]), zeros, edges, 9, 10, parameters).any()
    label = propagate_label(np.array([], dtype=np.uint8), zeros[:0], edges, 9, 10, parameters)
    assert label.shape == (9, 10)
    assert label.dtype == np.uint8
    assert not label.any()
    # An edge everywhere leaves nothing either.
    ones = np.ones((1, 3, 3), dtype=np.float32)
    assert not propagate_label(np.array([2]), ones, edges + 1, 9, 10, parameters).any()
