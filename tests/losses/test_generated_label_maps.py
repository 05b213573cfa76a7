"""10,000 generated label maps: the weights are those of a flood fill, exactly."""

import numpy as np
import pytest
from flood_fill import flood_fill_weights

from smallobjects.losses import size_weights

MAPS, SEEDS = 2500, range(4)


def label_maps(count, seed):
    """Maps of up to 24×24 pixels: noise, rectangles on each other, rings with something inside."""
    random = np.random.default_rng(seed)
    for number in range(count):
        height, width = random.integers(1, 25, 2)
        labels = np.zeros((height, width), np.uint8)
        if number % 3 == 0:
            share = random.uniform(0, 0.7)
            noise = random.choice([1, 1, 2, 3, 254, 255], (height, width))
            labels = np.where(random.random((height, width)) < share, noise, labels)
        for _ in range(random.integers(0, 7)):
            y, x = random.integers(0, height), random.integers(0, width)
            h, w = random.integers(1, 12, 2)
            labels[y : y + h, x : x + w] = random.choice([0, 1, 1, 2, 3, 255])
            if random.random() < 0.5 and min(h, w) > 2:
                labels[y + 1 : y + h - 1, x + 1 : x + w - 1] = random.choice([0, 1, 2, 255])
        yield labels.astype(np.uint8)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_weights_are_exact(seed):
    taus = np.random.default_rng(seed + 100).choice([0.5, 1.0, 2.5, 5.0, 1000.0], MAPS)
    for number, (labels, tau) in enumerate(zip(label_maps(MAPS, seed), taus, strict=True)):
        found = size_weights(labels, float(tau))
        expected = flood_fill_weights(labels, float(tau))
        assert (found == expected).all(), f"seed {seed}, map {number}"


def test_the_maps_hold_what_the_definition_must_decide():
    maps = list(label_maps(MAPS, SEEDS[0]))
    at_tau = [labels for labels in maps if (size_weights(labels, 5.0) == 5).any()]
    between = [
        labels for labels in maps if ((w := size_weights(labels, 5.0)) > 1).any() & (w < 5).any()
    ]
    assert min(len(at_tau), len(between)) > MAPS / 4
    assert sum((labels == 255).all() for labels in maps) > 0
    assert sum((labels == 0).all() for labels in maps) > 0
    assert sum(labels.size == 1 for labels in maps) > 0
