"""The order of images and the randomness of each sample."""

import random
from itertools import islice

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from smallobjects.segmentation.sampling import PositionSampler, draw, sample_randomness


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(0, 1000), st.integers(0, 5))
def test_each_epoch_shows_every_image_once(length, seed, epoch):
    positions = range(epoch * length, (epoch + 1) * length)
    assert sorted(draw(length, seed, p).index for p in positions) == list(range(length))


def test_epochs_and_seeds_differ():
    orders = {tuple(draw(20, seed, 20 * epoch + p).index for p in range(20))
              for seed in range(3) for epoch in range(3)}  # fmt: skip
    assert len(orders) == 9


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 99), st.integers(0, 60))
def test_a_sampler_that_skips_goes_on_where_another_is(length, seed, position):
    whole = PositionSampler(range(length), seed)
    resumed = PositionSampler(range(length), seed)
    resumed.skip(position)
    assert list(islice(resumed, 10)) == list(islice(whole, position + 10))[position:]


def numbers():
    return random.random(), np.random.random(), torch.rand(1).item()


def test_randomness_depends_on_seed_and_position_alone():
    with sample_randomness(1, 7):
        first = numbers()
    numbers()
    with sample_randomness(1, 7):
        again = numbers()
    others = []
    for seed, position in ((1, 8), (2, 7)):
        with sample_randomness(seed, position):
            others.append(numbers())
    assert first == again
    assert all(a != b for other in others for a, b in zip(first, other, strict=True))


def test_the_surroundings_keep_their_random_state():
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(5)
    expected = [numbers(), numbers()]
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(5)
    before = numbers()
    with sample_randomness(0, 0):
        numbers()
    assert [before, numbers()] == expected
