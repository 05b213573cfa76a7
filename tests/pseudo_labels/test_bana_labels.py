"""The label maps of BANA against loops over full-size features."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from published_settings import published
from torch.nn import functional

from smallobjects.pseudo_labels.bana.labels import (
    attention_scores,
    cell_masks,
    make_labels,
    retrieval_scores,
)
from smallobjects.pseudo_labels.bana.upsampling import Upsampled
from smallobjects.pseudo_labels.boxes import BoxedObject, inside

NO_CRF = published("bana.label", crf={"iterations": 0}, background_threshold=0.9)


def scene(seed, size=(5, 7), shape=(18, 26), classes=4, depth=6):
    """Features, weights, an image and objects, all random; two boxes may overlap."""
    generator = np.random.default_rng(seed)
    features = torch.from_numpy(generator.normal(size=(depth, *size)) + 0.5)
    weights = torch.from_numpy(generator.normal(size=(classes, depth)))
    image = generator.integers(0, 256, (*shape, 3)).astype(np.uint8)
    objects = []
    for number in range(3):
        x0, y0 = int(generator.integers(0, shape[1] - 4)), int(generator.integers(0, shape[0] - 4))
        x1 = int(generator.integers(x0 + 2, shape[1] + 1))
        y1 = int(generator.integers(y0 + 2, shape[0] + 1))
        objects.append(BoxedObject(number, int(generator.integers(1, classes)), x0, y0, x1, y1))
    return features, weights, image, tuple(objects)


def full_size(features, shape):
    return functional.interpolate(features[None], shape, mode="bilinear", align_corners=True)[0]


def cosine(a, b):
    return float(a @ b / (a.norm() * b.norm()).clamp(min=1e-12))


def slow_attention_scores(features, weights, objects, shape, threshold):
    """G = 1, pixel by pixel."""
    full = full_size(features, shape)
    covered = np.zeros(shape, dtype=bool)
    for o in objects:
        covered[o.y0 : o.y1, o.x0 : o.x1] = True
    outside = [(y, x) for y in range(shape[0]) for x in range(shape[1]) if not covered[y, x]]
    query = torch.stack([full[:, y, x] for y, x in outside]).mean(0) if outside else None
    attention = np.zeros(shape)
    for y in range(shape[0]):
        for x in range(shape[1]):
            if query is not None:
                attention[y, x] = max(0, cosine(full[:, y, x], query))
    attention[attention < threshold * attention.max()] = 0
    classes = sorted({o.class_id for o in objects})
    scores = np.zeros((len(classes) + 1, *shape))
    scores[0] = attention
    for o in objects:
        place = classes.index(o.class_id) + 1
        raw = np.zeros(shape)
        for y in range(o.y0, o.y1):
            for x in range(o.x0, o.x1):
                raw[y, x] = max(0, float(weights[o.class_id] @ full[:, y, x]))
        for y in range(o.y0, o.y1):
            for x in range(o.x0, o.x1):
                scores[place, y, x] = raw[y, x] / (raw.max() + 1e-12)
    for y in range(shape[0]):
        for x in range(shape[1]):
            if covered[y, x]:
                scores[:, y, x] = np.exp(scores[:, y, x]) / np.exp(scores[:, y, x]).sum()
            else:
                scores[:, y, x] = [1, *[0] * len(classes)]
    return scores


def slow_retrieval_scores(features, weights, label, objects):
    shape = label.shape
    full = full_size(features, shape)
    classes = [0, *sorted({o.class_id for o in objects})]
    scores = np.zeros((len(classes), *shape))
    for place, class_id in enumerate(classes):
        where = np.argwhere(label == class_id)
        mean = weights[class_id]
        if len(where):
            mean = torch.stack([full[:, y, x] for y, x in where]).mean(0)
        for y in range(shape[0]):
            for x in range(shape[1]):
                boxes = [o for o in objects if o.x0 <= x < o.x1 and o.y0 <= y < o.y1]
                if class_id == 0 and not boxes:
                    scores[place, y, x] = 1
                elif class_id == 0 or any(o.class_id == class_id for o in boxes):
                    scores[place, y, x] = max(0, cosine(full[:, y, x], mean))
    return scores


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_upsampled_features_need_not_be_held(seed):
    generator = np.random.default_rng(seed)
    height, width = generator.integers(1, 6, 2).tolist()
    shape = tuple(generator.integers(6, 30, 2).tolist())
    features = torch.from_numpy(generator.normal(size=(4, height, width)))
    vectors = torch.from_numpy(generator.normal(size=(3, 4)))
    mask = torch.from_numpy(generator.random(shape) < 0.3)
    mask[0, 0] = True
    full, light = full_size(features, shape), Upsampled(features, shape)
    # Where neighbours cancel, what is left of the sum of products is rounding.
    assert torch.allclose(light.norms, full.norm(dim=0), atol=1e-5)
    assert torch.allclose(light.dot(vectors), torch.einsum("kd,dhw->khw", vectors, full), atol=1e-6)
    assert torch.allclose(light.mean(mask), full[:, mask].mean(dim=1), atol=1e-6)


@settings(max_examples=8)
@given(st.integers(0, 10**6))
def test_scores(seed):
    features, weights, image, objects = scene(seed)
    shape = image.shape[:2]
    light = Upsampled(features, shape)
    found = attention_scores(light, weights, objects, shape, NO_CRF)
    expected = slow_attention_scores(features, weights, objects, shape, 0.9)
    assert np.allclose(found, expected, atol=1e-4)
    label = np.random.default_rng(seed).integers(0, 3, shape)
    found = retrieval_scores(light, weights, label, objects)
    assert np.allclose(found, slow_retrieval_scores(features, weights, label, objects), atol=1e-4)


def test_cells_of_an_image_part_its_background():
    background = np.random.default_rng(0).random((13, 18)) < 0.5
    masks = cell_masks(background, 4)
    assert np.array_equal(np.sum(masks, axis=0), background)
    assert len(masks) == 16
    corner = np.zeros((13, 18), dtype=bool)
    corner[0, 0] = True
    assert len(cell_masks(corner, 4)) == 1
    assert cell_masks(np.zeros((13, 18), dtype=bool), 4) == []


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([0, 3]))
def test_labels_stay_in_the_boxes_of_their_class(seed, iterations):
    features, weights, image, objects = scene(seed)
    parameters = published("bana.label", crf={"iterations": iterations})
    labels = make_labels(features, weights, image, objects, parameters)
    for label in (labels.crf, labels.retrieved):
        assert label.dtype == np.uint8
        for class_id in np.unique(label):
            allowed = inside(objects, label.shape, int(class_id)) if class_id else True
            assert (allowed | (label != class_id)).all()
    assert np.array_equal(labels.agreed == 255, labels.crf != labels.retrieved)
    same = labels.crf == labels.retrieved
    assert np.array_equal(labels.agreed[same], labels.crf[same])


def test_an_image_in_a_box_has_labels_and_one_without_boxes_has_none():
    features, weights, image, _ = scene(1)
    whole = (BoxedObject(0, 2, 0, 0, image.shape[1], image.shape[0]),)
    labels = make_labels(features, weights, image, whole, NO_CRF)
    assert set(np.unique(labels.crf)) <= {0, 2}
    assert (labels.crf == 2).any()
    assert not make_labels(features, weights, image, (), NO_CRF).agreed.any()


@pytest.mark.parametrize("threshold", [0.0, 0.99])
def test_the_threshold_keeps_only_the_strongest_attention(threshold):
    features, weights, image, objects = scene(3)
    shape = image.shape[:2]
    parameters = published("bana.label", background_threshold=threshold)
    scores = attention_scores(Upsampled(features, shape), weights, objects, shape, parameters)
    expected = slow_attention_scores(features, weights, objects, shape, threshold)
    assert np.allclose(scores, expected, atol=1e-4)
