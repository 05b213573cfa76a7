"""From BBAM's masks to labels, against rules written out pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.bbam import masks
from smallobjects.pseudo_labels.bbam.attribution_store import AttributionStore, write_attributions
from smallobjects.pseudo_labels.bbam.labels import ObjectPixels, label_image, merge
from smallobjects.pseudo_labels.bbam.masks import blur, object_probability, saturate
from smallobjects.pseudo_labels.boxes import BoxedObject
from smallobjects.pseudo_labels.errors import BadInputError

SHAPE = (12, 16)
PLAIN = published("bbam.label", blur_base=0, blur_slope=0, crf={"iterations": 0})


def slow_merge(objects, pixels, shape):
    """The published order, pixel by pixel."""
    label = np.zeros(shape, dtype=int)
    order = sorted(objects, key=lambda o: -(o.x1 - o.x0) * (o.y1 - o.y0))
    inner = [
        o
        for o in order
        if any(
            (p.x0, p.y0, p.x1, p.y1) != (o.x0, o.y0, o.x1, o.y1)
            and p.x0 <= o.x0
            and p.y0 <= o.y0
            and p.x1 >= o.x1
            and p.y1 >= o.y1
            for p in objects
        )
    ]
    lost = [
        o
        for o in objects
        if not pixels[o.object_id].sure.any() and not pixels[o.object_id].possible.any()
    ]
    for y in range(shape[0]):
        for x in range(shape[1]):
            here = {o.class_id for o in objects if pixels[o.object_id].sure[y, x]}
            value = 255 if len(here) > 1 else (here.pop() if here else 0)
            for o in inner:
                if pixels[o.object_id].sure[y, x]:
                    value = o.class_id
            if any(
                pixels[o.object_id].possible[y, x] and not pixels[o.object_id].sure[y, x]
                for o in objects
            ):
                value = 255
            if value == 0 and any(o.x0 <= x < o.x1 and o.y0 <= y < o.y1 for o in lost):
                value = 255
            label[y, x] = value
    return label


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_merge(seed, count):
    generator = np.random.default_rng(seed)
    objects, pixels = [], {}
    for number in generator.permutation(count).tolist():
        x = np.sort(generator.choice(SHAPE[1] + 1, 2, replace=False)).tolist()
        y = np.sort(generator.choice(SHAPE[0] + 1, 2, replace=False)).tolist()
        item = BoxedObject(number, int(generator.integers(1, 4)), x[0], y[0], x[1], y[1])
        within = np.zeros(SHAPE, dtype=bool)
        within[item.window] = generator.random() < 0.8
        objects.append(item)
        sure, possible = (within & (generator.random(SHAPE) < p) for p in (0.5, 0.7))
        pixels[number] = ObjectPixels(sure, possible)
    found = merge(tuple(objects), pixels, SHAPE)
    assert found.dtype == np.uint8
    assert np.array_equal(found, slow_merge(objects, pixels, SHAPE))


def test_an_inner_box_wins_and_a_twin_does_not():
    full = np.ones(SHAPE, dtype=bool)
    outer, inner = BoxedObject(0, 1, 0, 0, 16, 12), BoxedObject(1, 2, 4, 4, 8, 8)
    small = np.zeros(SHAPE, dtype=bool)
    small[inner.window] = True
    pixels = {0: ObjectPixels(full, full), 1: ObjectPixels(small, small)}
    label = merge((outer, inner), pixels, SHAPE)
    assert (label[inner.window] == 2).all()
    assert (label[~small] == 1).all()
    twin = BoxedObject(1, 2, 0, 0, 16, 12)
    label = merge((outer, twin), {**pixels, 1: ObjectPixels(small, small)}, SHAPE)
    assert (label[inner.window] == 255).all()


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.2, 0.85, 1.0]))
def test_a_share_of_the_box_saturates(seed, threshold):
    generator = np.random.default_rng(seed)
    attribution = np.zeros(SHAPE)
    attribution[2:9, 3:13] = generator.uniform(0.1, 1, (7, 10))
    found = saturate(attribution, 70, threshold)
    number = int(70 * (1 - threshold))
    limit = sorted(attribution.ravel().tolist(), reverse=True)[number]
    for value, before in zip(found.ravel(), attribution.ravel(), strict=True):
        assert value == pytest.approx(min(before / (limit + 1e-8), 1))
    assert (found >= 1 - 1e-6).sum() == (number + 1 if limit else 70)


def test_blur_is_cut_off_at_one_deviation_and_mirrored():
    values = np.random.default_rng(0).random(SHAPE)
    for deviation in (0, 1, 3):
        offsets = np.arange(-deviation, deviation + 1)
        kernel = np.exp(-(offsets**2) / (2 * max(deviation, 1) ** 2))
        kernel /= kernel.sum()
        padded = np.pad(values, deviation, mode="reflect")
        expected = np.zeros(SHAPE)
        for a, dy in zip(kernel, offsets + deviation, strict=True):
            for b, dx in zip(kernel, offsets + deviation, strict=True):
                expected += a * b * padded[dy : dy + SHAPE[0], dx : dx + SHAPE[1]]
        assert np.allclose(blur(values, deviation), expected)


def test_probability_lies_in_the_box_and_more_of_it_at_a_lower_threshold():
    mask = np.array([[0.1, 0.2, 0.0], [0.3, 1.0, 0.4]], dtype=np.float32)
    item = BoxedObject(0, 1, 3, 2, 14, 10)
    parameters = published("bbam.label", blur_base=1, blur_slope=2)
    sure, possible = (object_probability(mask, item, SHAPE, t, parameters) for t in (0.85, 0.2))
    outside = np.ones(SHAPE, dtype=bool)
    outside[item.window] = False
    for probability in (sure, possible):
        assert not probability[outside].any()
        assert probability.max() == 1
    assert (possible > 0.9).sum() > (sure > 0.9).sum() > 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.95), st.sampled_from([0.2, 0.85]))
def test_over_a_whole_image_a_dense_map_keeps_its_proportions(seed, dense, threshold):
    mask = np.random.default_rng(seed).uniform(dense, 1, SHAPE)
    mask[5, 7] = 0
    height, width = SHAPE
    parameters = published("bbam.label", blur_base=2, blur_slope=0)
    item = BoxedObject(0, 1, 0, 0, width, height)
    found = object_probability(mask, item, SHAPE, threshold, parameters)
    expected = blur(saturate(mask / mask.max(), item.area, threshold), 2)
    np.testing.assert_allclose(found, expected / expected.max())


def test_an_object_that_fills_its_image_is_not_lost():
    mask = np.ones(SHAPE)
    mask[5, 7] = 0
    height, width = SHAPE
    blurred = PLAIN.model_copy(update={"blur_base": 4})
    for columns in (width, width - 1):
        item = BoxedObject(0, 1, 0, 0, columns, height)
        image = np.zeros((*SHAPE, 3), np.uint8)
        assert masks.object_pixels(image, mask, item, 0.2, blurred).mean() > 0.7


@pytest.mark.parametrize("mask", [np.zeros((0, 0)), np.zeros((3, 3)), np.eye(12, 16) * 0])
def test_without_a_map_there_is_no_probability(mask):
    item = BoxedObject(0, 1, 0, 0, 4, 4)
    assert object_probability(mask, item, SHAPE, 0.2, PLAIN) is None


def test_a_map_beside_the_box_is_none():
    mask = np.zeros((12, 16), dtype=np.float32)
    mask[11, 15] = 1
    assert object_probability(mask, BoxedObject(0, 1, 0, 0, 4, 4), SHAPE, 0.2, PLAIN) is None


class Crf:
    """Stands in for the CRF: foreground is what reaches a prior; it remembers what it was asked."""

    def __init__(self, monkeypatch, reached):
        self.asked, self.reached = [], reached
        monkeypatch.setattr(masks, "refine_probabilities", self)

    def __call__(self, image, probabilities, parameters):
        inside = probabilities[0][probabilities[0] > 0]
        self.asked.append(round(float(np.median(inside)), 2))
        return (probabilities >= self.reached).astype(np.float32)


IMAGE = np.zeros((*SHAPE, 3), dtype=np.uint8)
SMALL, LARGE = BoxedObject(0, 1, 0, 0, 4, 4), BoxedObject(0, 1, 0, 0, 12, 10)
PEAK = np.zeros(SHAPE, dtype=np.float32)
PEAK[1, 1] = 1


def test_without_a_map_priors_rise_until_enough_is_foreground(monkeypatch):
    crf = Crf(monkeypatch, 0.9)
    pixels = masks.object_pixels(IMAGE, np.zeros((0, 0)), LARGE, 0.85, PLAIN)
    assert crf.asked == [0.7, 0.8, 0.9]
    assert pixels.sum() == LARGE.area
    crf = Crf(monkeypatch, 0.96)
    assert not masks.object_pixels(IMAGE, np.zeros((0, 0)), LARGE, 0.85, PLAIN).any()
    assert crf.asked == [0.7, 0.8, 0.9, 0.95]


def test_a_small_box_with_little_foreground_is_tried_again(monkeypatch):
    parameters = PLAIN.model_copy(update={"sure_threshold": 1.0})
    crf = Crf(monkeypatch, 0.95)
    pixels = masks.object_pixels(IMAGE, PEAK, SMALL, 1.0, parameters)
    assert crf.asked == [1.0, 0.7, 0.8, 0.9, 0.95]
    assert pixels.sum() == SMALL.area
    crf = Crf(monkeypatch, 0.99)
    pixels = masks.object_pixels(IMAGE, PEAK, SMALL, 1.0, parameters)
    assert crf.asked == [1.0, 0.7, 0.8, 0.9, 0.95, 0.96]
    assert pixels.sum() == 1


def test_a_large_box_is_not_tried_again(monkeypatch):
    crf = Crf(monkeypatch, 0.95)
    assert masks.object_pixels(IMAGE, PEAK, LARGE, 1.0, PLAIN).sum() == 1
    assert crf.asked == [1.0]


def test_the_band_between_the_thresholds_is_void():
    generator = np.random.default_rng(0)
    mask = generator.uniform(0.2, 1, (6, 8)).astype(np.float32)
    item = BoxedObject(7, 2, 1, 1, 15, 11)
    label = label_image(IMAGE, (item,), {7: mask}, PLAIN)
    found = {value: (label == value).sum() for value in np.unique(label).tolist()}
    assert set(found) == {0, 2, 255}
    assert not label[0].any()
    assert found[255] > found[2] > 0
    assert not label_image(IMAGE, (), {}, PLAIN).any()


def test_the_store_returns_masks_by_name_and_names_what_it_lacks(tmp_path):
    path = tmp_path / "a.npz"
    mask = np.random.default_rng(0).random((3, 5)).astype(np.float32)
    with write_attributions(path) as store:
        store.write("2007_000032", 1, mask)
        store.write("2007_000032", 0, np.zeros((0, 0)))
    with AttributionStore(path) as store:
        assert np.array_equal(store.read("2007_000032", 1), mask)
        assert store.read("2007_000032", 0).shape == (0, 0)
        with pytest.raises(BadInputError, match="object 2 of image 2007_000032"):
            store.read("2007_000032", 2)
    assert set(np.load(path)) == {"2007_000032/0", "2007_000032/1"}
    path.write_bytes(b"no zip")
    with pytest.raises(BadInputError, match="not an npz"):
        AttributionStore(path)
