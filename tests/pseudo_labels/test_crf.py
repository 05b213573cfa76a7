import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published_settings import published

from smallobjects.dense_crf import refine_probabilities
from smallobjects.pseudo_labels.irn.hard_label_crf import mean_field_of_labels, refine_labels

GENTLE = published(
    "irn.seed.crf",
    iterations=5,
    gaussian_sxy=1.5,
    gaussian_compat=1,
    bilateral_sxy=4,
    bilateral_srgb=20,
    bilateral_compat=2,
)


def brute_force(image, labels, num_labels, parameters):
    """Mean-field with the full kernel matrices, normalised symmetrically."""
    height, width = labels.shape
    y, x = np.mgrid[:height, :width]
    place = np.stack([y.ravel(), x.ravel()], axis=1).astype(float)
    colour = image.reshape(-1, 3).astype(float)

    def kernel(features):
        distance = ((features[:, None] - features[None]) ** 2).sum(-1)
        matrix = np.exp(-distance / 2)
        # pydensecrf counts a pixel as its own neighbour.
        scale = 1 / np.sqrt(matrix.sum(axis=1) + 1e-20)
        return matrix * scale[:, None] * scale[None]

    near = kernel(place / parameters.gaussian_sxy)
    alike = kernel(
        np.concatenate(
            [place / parameters.bilateral_sxy, colour / parameters.bilateral_srgb], axis=1
        )
    )
    own = parameters.label_confidence
    probability = np.full((num_labels, height * width), (1 - own) / (num_labels - 1))
    probability[labels.ravel(), np.arange(height * width)] = own
    unary = -np.log(probability)

    def softmax(values):
        exponent = np.exp(values - values.max(axis=0))
        return exponent / exponent.sum(axis=0)

    q = softmax(-unary)
    for _ in range(parameters.iterations):
        message = parameters.gaussian_compat * (q @ near) + parameters.bilateral_compat * (
            q @ alike
        )
        q = softmax(-unary + message)
    return q.reshape(num_labels, height, width)


def halves(size, generator):
    image = np.zeros((size, size, 3), dtype=np.uint8)
    image[:, : size // 2] = (200, 60, 40)
    image[:, size // 2 :] = (40, 80, 210)
    truth = np.zeros((size, size), dtype=np.int64)
    truth[:, size // 2 :] = 1
    noise = generator.random(truth.shape) < 0.15
    return image, truth, np.where(noise, 1 - truth, truth)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_near_brute_force(seed):
    generator = np.random.default_rng(seed)
    image, _, labels = halves(8, generator)
    image = np.clip(image + generator.integers(-8, 9, image.shape), 0, 255).astype(np.uint8)
    labels = np.where(generator.random(labels.shape) < 0.1, 2, labels)
    expected = brute_force(image, labels, 3, GENTLE)
    found = mean_field_of_labels(image, labels, 3, GENTLE)
    # The permutohedral lattice of pydensecrf only approximates the kernels.
    assert np.abs(found - expected).mean() < 0.05
    sure = np.sort(expected, axis=0)[-1] - np.sort(expected, axis=0)[-2] > 0.3
    assert (found.argmax(axis=0) == expected.argmax(axis=0))[sure].mean() > 0.95


def test_sharpens_a_noisy_mask():
    image, truth, noisy = halves(32, np.random.default_rng(0))
    refined = refine_labels(image, noisy, 2, published("irn.seed.crf"))
    assert (noisy != truth).mean() > 0.1
    assert (refined != truth).mean() < 0.01


@pytest.mark.parametrize("iterations", [0, 3])
def test_without_iterations_nothing_changes(iterations):
    image, _, noisy = halves(12, np.random.default_rng(1))
    refined = refine_labels(image, noisy, 2, published("irn.seed.crf", iterations=iterations))
    assert refined.dtype == noisy.dtype
    assert np.array_equal(refined, noisy) == (iterations == 0)
    assert not np.shares_memory(refined, noisy)


def test_read_only_images_and_labels_that_no_pixel_has():
    image, _, noisy = halves(12, np.random.default_rng(2))
    image.flags.writeable = False
    refined = refine_labels(image[:, ::-1], noisy, 81, published("irn.seed.crf"))
    assert set(np.unique(refined)) <= {0, 1}


def test_one_label_stays():
    image = np.zeros((5, 6, 3), dtype=np.uint8)
    assert not refine_labels(
        image, np.zeros((5, 6), dtype=np.int64), 1, published("irn.seed.crf")
    ).any()


def test_probabilities_of_hard_labels_are_refined_as_the_labels():
    image, _, noisy = halves(16, np.random.default_rng(3))
    own = GENTLE.label_confidence
    probabilities = np.where(noisy == np.arange(2)[:, None, None], own, 1 - own)
    expected = mean_field_of_labels(image, noisy, 2, GENTLE)
    assert np.allclose(refine_probabilities(image, probabilities, GENTLE), expected, atol=1e-5)
    unchanged = refine_probabilities(image, probabilities, published("irn.seed.crf", iterations=0))
    assert np.allclose(unchanged, probabilities)
