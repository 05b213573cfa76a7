import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from smallobjects.pseudo_labels.irn.affinity import (
    affinity_loss,
    pair_labels,
    pair_offsets,
    path_affinities,
    straight_path,
)


def slow_path(dy, dx):
    """All pixels that the straight line passes at less than a pixel, by projecting on it."""
    length = math.hypot(dy, dx)
    found = []
    for y in range(-abs(dy) - 1, abs(dy) + 2):
        for x in range(-abs(dx) - 1, abs(dx) + 2):
            inside = min(0, dy) <= y <= max(0, dy) and min(0, dx) <= x <= max(0, dx)
            along = (y * dy + x * dx) / length
            across = math.hypot(y - along * dy / length, x - along * dx / length)
            if inside and across < 1 - 1e-9:
                found.append((y, x))
    return found


def slow_pairs(height, width, radius):
    """All pairs of pixels that are near each other, in the order of offset, then of row."""
    for dy, dx in pair_offsets(radius):
        for y in range(height):
            for x in range(width):
                if y + dy < height and 0 <= x + dx < width:
                    yield (y, x), (y + dy, x + dx)


def test_every_pair_once():
    for radius in range(1, 11):
        offsets = pair_offsets(radius)
        both = {(dy, dx) for dy, dx in offsets} | {(-dy, -dx) for dy, dx in offsets}
        expected = {
            (dy, dx)
            for dy in range(-radius, radius + 1)
            for dx in range(-radius, radius + 1)
            if 0 < math.hypot(dy, dx) < radius
        }
        assert both == expected
        assert len(both) == 2 * len(offsets)
    assert len(pair_offsets(5)) == 34


def test_path_is_the_straight_line():
    for dy, dx in pair_offsets(10):
        path = straight_path(dy, dx)
        assert set(path) == set(slow_path(dy, dx))
        assert {(0, 0), (dy, dx)} <= set(path)
    assert straight_path(0, 3) == [(0, 0), (0, 1), (0, 2), (0, 3)]
    diagonal = {(n, -n) for n in range(4)}
    beside = {(n, -n - 1) for n in range(3)} | {(n + 1, -n) for n in range(3)}
    assert set(straight_path(3, -3)) == diagonal | beside


@settings(max_examples=25, deadline=None)
@given(
    batch=st.integers(1, 2),
    height=st.integers(1, 8),
    width=st.integers(1, 8),
    radius=st.integers(1, 5),
    seed=st.integers(0, 10**6),
)
def test_affinities_labels_and_loss_equal_loops(batch, height, width, radius, seed):
    generator = np.random.default_rng(seed)
    edges = generator.random((batch, height, width))
    seeds = generator.choice([0, 0, 1, 2, 255], (batch, height, width))
    pairs = list(slow_pairs(height, width, radius))
    expected = np.zeros((batch, len(pairs)))
    losses = {"background": [], "same": [], "different": []}
    for b in range(batch):
        for p, ((yi, xi), (yj, xj)) in enumerate(pairs):
            path = slow_path(yj - yi, xj - xi)
            a = 1 - max(edges[b, yi + y, xi + x] for y, x in path)
            expected[b, p] = a
            one, two = seeds[b, yi, xi], seeds[b, yj, xj]
            if 255 in (one, two):
                continue
            if one != two:
                losses["different"].append(-math.log(1 + 1e-5 - a))
            else:
                losses["same" if one else "background"].append(-math.log(a + 1e-5))

    def mean(values):
        return sum(values) / len(values) if values else 0.0

    found = path_affinities(torch.from_numpy(edges), radius)
    labels = pair_labels(torch.from_numpy(seeds), radius)
    assert np.allclose(found.numpy(), expected, atol=1e-12)
    assert int(labels.different.sum()) == len(losses["different"])
    assert int(labels.same_class.sum()) == len(losses["same"])
    assert int(labels.both_background.sum()) == len(losses["background"])
    loss = 0.5 * (0.5 * mean(losses["background"]) + 0.5 * mean(losses["same"]))
    loss += 0.5 * mean(losses["different"])
    assert math.isclose(float(affinity_loss(found, labels)), loss, rel_tol=1e-4, abs_tol=1e-9)


def test_labels_of_bytes():
    seeds = torch.tensor([[[0, 0, 7, 7, 255]]], dtype=torch.uint8)
    labels = pair_labels(seeds, 2)
    assert labels.both_background.tolist() == [[True, False, False, False]]
    assert labels.different.tolist() == [[False, True, False, False]]
    assert labels.same_class.tolist() == [[False, False, True, False]]


def test_loss_pulls_edges_to_class_borders():
    seeds = torch.zeros(1, 8, 8, dtype=torch.uint8)
    seeds[:, :, 4:] = 3
    logits = torch.zeros(1, 8, 8, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=20)
    for _ in range(200):
        optimizer.zero_grad()
        affinity_loss(path_affinities(torch.sigmoid(logits), 5), pair_labels(seeds, 5)).backward()
        optimizer.step()
    edges = torch.sigmoid(logits.detach())[0]
    assert edges[:, 3:5].amax(dim=1).min() > 0.7
    assert edges[:, [0, 1, 6, 7]].max() < 0.1
