import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.cams.maps import to_image_size
from smallobjects.pseudo_labels.irn.seed import combine, make_seed

NO_CRF = published("irn.seed.crf", iterations=0)


def slow_seed(classes, full, foreground, background):
    _, height, width = full.shape
    seed = np.zeros((height, width), dtype=np.uint8)
    for y in range(height):
        for x in range(width):
            scores = full[:, y, x]
            winner = int(np.argmax(scores))
            if scores[winner] > foreground:
                seed[y, x] = classes[winner]
            elif scores[winner] > background:
                seed[y, x] = 255
    return seed


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(5, 22), st.integers(5, 22), st.integers(0, 10**6))
def test_equals_a_loop_over_pixels(count, height, width, seed):
    generator = np.random.default_rng(seed)
    classes = np.sort(generator.choice(np.arange(1, 81), count, replace=False))
    maps = generator.random((count, -(-height // 4), -(-width // 4))).astype(np.float32)
    image = generator.integers(0, 256, (height, width, 3)).astype(np.uint8)
    parameters = published(
        "irn.seed", foreground_threshold=0.6, background_threshold=0.4, crf=NO_CRF
    )
    full = to_image_size(torch.from_numpy(maps), height, width).numpy()
    found = make_seed(image, classes, maps, parameters)
    assert found.dtype == np.uint8
    assert np.array_equal(found, slow_seed(classes, full, 0.6, 0.4))


def test_a_threshold_that_is_just_reached_is_not_passed():
    maps = np.full((1, 1, 1), 0.5, dtype=np.float32)
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    for foreground, background, expected in [(0.5, 0.25, 255), (0.75, 0.5, 0), (0.25, 0.125, 7)]:
        parameters = published(
            "irn.seed",
            foreground_threshold=foreground,
            background_threshold=background,
            crf=NO_CRF,
        )
        assert (make_seed(image, np.array([7]), maps, parameters) == expected).all()


def test_all_cases_of_two_labels():
    foreground = np.array([[0, 0, 1, 1, 2]])
    background = np.array([[0, 1, 1, 2, 0]])
    assert combine(foreground, background, np.array([7, 9])).tolist() == [[0, 255, 7, 7, 9]]


def test_no_class_is_background():
    image = np.zeros((9, 10, 3), dtype=np.uint8)
    empty = np.zeros((0, 3, 3), dtype=np.float32)
    seed = make_seed(image, np.array([], dtype=np.uint8), empty, published("irn.seed"))
    assert seed.shape == (9, 10)
    assert not seed.any()


def test_crf_moves_the_seed_to_the_object():
    image = np.full((48, 48, 3), 110, dtype=np.uint8)
    image[12:36, 12:36] = (220, 40, 40)
    maps = np.zeros((1, 12, 12), dtype=np.float32)
    maps[0, 4:10, 4:10] = 1.0
    truth = (image[..., 0] == 220) * 5

    def errors(crf):
        seed = make_seed(image, np.array([5]), maps, published("irn.seed", crf=crf))
        return (seed != truth).mean()

    assert errors(published("irn.seed.crf")) < 0.5 * errors(NO_CRF)
