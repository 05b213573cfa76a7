import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from smallobjects.pseudo_labels.irn.random_walk import (
    TAIL,
    Transition,
    random_walk,
    series_coefficients,
    walk,
)


def dense_affinity(edges, radius):
    """a_ij of every two pixels, one by one, straight from the definition."""
    height, width = edges.shape
    affinity = np.zeros((height * width, height * width))
    for yi in range(height):
        for xi in range(width):
            for yj in range(height):
                for xj in range(width):
                    dy, dx = yj - yi, xj - xi
                    length = np.hypot(dy, dx)
                    if length >= radius:
                        continue
                    worst = 0.0
                    for y in range(min(yi, yj), max(yi, yj) + 1):
                        for x in range(min(xi, xj), max(xi, xj) + 1):
                            area = abs(dy * (x - xi) - dx * (y - yi))
                            if length == 0 or area / length < 1 - 1e-12:
                                worst = max(worst, edges[y, x])
                    if length == 0:
                        worst = 0.0
                    affinity[yi * width + xi, yj * width + xj] = 1 - worst
    return affinity


def dense_walk(cams, edges, radius, beta, steps):
    transition = dense_affinity(edges, radius) ** beta
    transition = transition / transition.sum(axis=0, keepdims=True)
    start = (cams * (1 - edges)).reshape(len(cams), -1)
    return (start @ np.linalg.matrix_power(transition, steps)).reshape(cams.shape)


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 11),
    maps=st.integers(1, 3),
    radius=st.integers(1, 6),
    beta=st.sampled_from([1, 3, 10]),
    steps=st.sampled_from([0, 1, 2, 3, 7, 64, 255, 256]),
    sharpness=st.sampled_from([0.0, 1.0, 4.0]),
    seed=st.integers(0, 10**6),
)
def test_equals_the_dense_matrix(height, width, maps, radius, beta, steps, sharpness, seed):
    generator = np.random.default_rng(seed)
    edges = (
        generator.random((height, width)) ** sharpness if sharpness else np.zeros((height, width))
    )
    cams = generator.random((maps, height, width))
    expected = dense_walk(cams, edges, radius, beta, steps)
    found = random_walk(cams, edges, radius, beta, steps).numpy()
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("shape", [(24, 24), (1, 40), (40, 1), (13, 30)])
def test_equals_the_dense_matrix_on_larger_maps(shape):
    generator = np.random.default_rng(1)
    edges, cams = generator.random(shape) ** 3, generator.random((2, *shape))
    expected = dense_walk(cams, edges, 5, 10, 256)
    assert np.abs(random_walk(cams, edges).numpy() - expected).max() < 1e-5


def test_columns_sum_to_one():
    # Where every row of x is one, so is x · T, exactly when the columns of T sum to one.
    edges = torch.from_numpy(np.random.default_rng(0).random((12, 17)))
    transition = Transition(edges, radius=5, beta=10)
    rows = transition.pack(torch.ones(1, 12, 17, dtype=torch.float64))
    out = transition.empty(1)
    transition.apply(rows, out)
    assert torch.allclose(
        transition.unpack(transition.inner(out)), torch.ones(1, 12, 17, dtype=torch.float64)
    )


def test_a_wall_stops_the_walk():
    edges = torch.zeros(9, 11)
    edges[:, 5] = 1
    cams = torch.zeros(1, 9, 11)
    cams[:, :, :5] = 1
    walked = random_walk(cams, edges)
    assert torch.equal(walked[:, :, 5:], torch.zeros(1, 9, 6))
    assert torch.allclose(walked[:, :, :5], torch.ones(1, 9, 5))


def test_series_is_the_power():
    for steps in (0, 1, 2, 5, 64, 256, 1000):
        coefficients = series_coefficients(steps)
        assert min(coefficients) >= 0
        assert 1 - 2 * TAIL < sum(coefficients) <= 1 + 1e-12
        points = np.linspace(-1, 1, 301)
        series = np.polynomial.chebyshev.chebval(points, coefficients)
        assert np.abs(series - points**steps).max() < 2 * TAIL + 1e-12
    assert len(series_coefficients(256)) < 128


def test_fewer_applications_than_steps():
    transition = Transition(torch.rand(20, 20, dtype=torch.float64), radius=5, beta=10)
    applied = []
    apply = transition.apply
    transition.apply = lambda rows, out: (applied.append(1), apply(rows, out))
    walk(transition, torch.rand(1, 20, 20, dtype=torch.float64), 256)
    assert len(applied) < 128


def test_takes_tensors_that_need_gradients_and_keeps_its_arguments():
    cams, edges = torch.rand(2, 6, 7, requires_grad=True), torch.rand(6, 7)
    before = cams.detach().clone()
    assert not random_walk(cams, edges, steps=8).requires_grad
    assert torch.equal(cams, before)


def test_no_maps_and_wrong_shapes():
    assert random_walk(torch.zeros(0, 5, 6), torch.zeros(5, 6)).shape == (0, 5, 6)
    with pytest.raises(ValueError, match="do not fit"):
        random_walk(torch.zeros(1, 5, 6), torch.zeros(6, 5))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_same_on_the_gpu():
    cams, edges = torch.rand(3, 30, 41), torch.rand(30, 41)
    found = random_walk(cams.cuda(), edges.cuda())
    assert found.is_cuda
    assert torch.allclose(found.cpu(), random_walk(cams, edges), atol=1e-6)
