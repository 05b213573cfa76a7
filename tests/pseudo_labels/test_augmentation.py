import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.pseudo_labels.training import augmentation


def test_normalise_has_the_usual_values():
    image = np.zeros((2, 3, 3), dtype=np.uint8)
    image[0, 0] = (255, 128, 0)
    found = augmentation.normalise(image)
    assert found.shape == (3, 2, 3)
    assert found.dtype == np.float32
    assert np.isclose(found[0, 0, 0], (1 - 0.485) / 0.229, atol=1e-5)
    assert np.isclose(found[1, 0, 0], (128 / 255 - 0.456) / 0.224, atol=1e-5)
    assert np.isclose(found[2, 0, 0], -0.406 / 0.225, atol=1e-5)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(0, 999))
def test_crop_equals_a_loop(height, width, size, seed):
    generator = np.random.default_rng(seed)
    array = generator.integers(0, 9, (height, width)).astype(np.uint8)
    top, left = augmentation.random_corner(height, width, size, generator)
    found = augmentation.window(array, (top, left), size, 255)
    for y in range(size):
        for x in range(size):
            inside = 0 <= top + y < height and 0 <= left + x < width
            assert found[y, x] == (array[top + y, left + x] if inside else 255)
    # Nothing is lost that fits, and no crop leaves an image that is large enough.
    if height >= size and width >= size:
        assert found.max() < 255
    if height <= size and width <= size:
        assert (found != 255).sum() == array.size


def test_padding_is_the_mean_colour():
    image = np.full((4, 4, 3), 200, dtype=np.uint8)
    crop = augmentation.crop_normalised(image, (-2, -2), 8)
    assert crop.shape == (3, 8, 8)
    assert (crop[:, 0] == 0).all()
    assert (crop[:, 2:6, 2:6] != 0).all()


def test_long_side_reaches_both_limits():
    image = np.zeros((30, 60, 3), dtype=np.uint8)
    generator = np.random.default_rng(0)
    sizes = set()
    for _ in range(300):
        scale = augmentation.random_long_side_scale(image, (40, 44), generator)
        sizes.add(augmentation.rescale_image(image, scale).shape[:2])
    assert {size[1] for size in sizes} == {40, 41, 42, 43, 44}
    assert all(abs(size[0] * 2 - size[1]) <= 1 for size in sizes)


def test_labels_keep_their_values():
    label = np.random.default_rng(0).choice([0, 3, 255], (17, 23)).astype(np.uint8)
    for scale in (0.5, 0.77, 1.3):
        assert set(np.unique(augmentation.rescale_label(label, scale))) <= {0, 3, 255}


def test_flip_takes_all_arrays_together():
    image, label = np.arange(24).reshape(2, 4, 3), np.arange(8).reshape(2, 4)
    seen = set()
    generator = np.random.default_rng(0)
    for _ in range(20):
        flipped, mirrored = augmentation.random_flip([image, label], generator)
        assert (flipped[0, 0, 0] == 9) == (mirrored[0, 0] == 3)
        seen.add(int(mirrored[0, 0]))
    assert seen == {0, 3}
