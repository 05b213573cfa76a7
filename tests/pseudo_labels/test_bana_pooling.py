"""Background-aware pooling against loops over boxes, bins and places."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from smallobjects.pseudo_labels.bana.network import BoxClassifier
from smallobjects.pseudo_labels.bana.pooling import (
    background_attention,
    background_queries,
    bin_shares,
    pool_boxes,
)


def read(features, y, x):
    """Bilinear reading of D×h×w at a place in cells."""
    height, width = features.shape[1:]
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = min(int(y), height - 1), min(int(x), width - 1)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    a, b = y - top, x - left
    return (
        (1 - a) * (1 - b) * features[:, top, left]
        + (1 - a) * b * features[:, top, right]
        + a * (1 - b) * features[:, bottom, left]
        + a * b * features[:, bottom, right]
    )


def places(first, last, pixels, cells):
    scale = (cells - 1) / max(pixels - 1, 1)
    start, end = first * scale, last * scale
    count = max(1, math.ceil(end) - math.floor(start))
    if count == 1:
        return [start]
    return [start + (end - start) * k / (count - 1) for k in range(count)]


def parts(length, bins):
    if length < bins:
        return [[min(k, length - 1)] for k in range(bins)]
    stride = length // bins
    width = length - (bins - 1) * stride
    return [list(range(k * stride, k * stride + width)) for k in range(bins)]


def slow_pool(features, boxes, shape, queries, bins):
    rows = []
    for x0, y0, x1, y1 in boxes:
        ys = places(y0, max(y0, y1 - 1), shape[0], features.shape[1])
        xs = places(x0, max(x0, x1 - 1), shape[1], features.shape[2])
        for of_rows in parts(len(ys), bins):
            for of_columns in parts(len(xs), bins):
                total, weight = torch.zeros(len(features), dtype=features.dtype), 0.0
                for j in of_rows:
                    for i in of_columns:
                        f = read(features, ys[j], xs[i])
                        alike = [
                            max(0.0, float(f @ q / (f.norm() * q.norm()).clamp(min=1e-12)))
                            for q in queries
                        ]
                        own = 1 - (sum(alike) / len(alike) if alike else 0.0)
                        total, weight = total + own * f, weight + own
                rows.append(total / weight)
    return torch.stack(rows)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(0, 3))
def test_pooling_of_boxes(seed, bins, number):
    generator = np.random.default_rng(seed)
    shape = tuple(generator.integers(9, 60, 2).tolist())
    size = [-(-side // 4) for side in shape]
    features = torch.from_numpy(generator.normal(size=(5, *size)))
    queries = torch.from_numpy(generator.normal(size=(number, 5)))
    boxes = []
    for _ in range(3):
        x0, y0 = generator.uniform(0, shape[1] - 1.5), generator.uniform(0, shape[0] - 1.5)
        boxes.append(
            (x0, y0, generator.uniform(x0 + 1, shape[1]), generator.uniform(y0 + 1, shape[0]))
        )
    found = pool_boxes(features, np.array(boxes), shape, queries, bins)
    assert torch.allclose(found, slow_pool(features, boxes, shape, queries, bins), atol=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_queries_are_means_over_the_background_of_a_cell(seed, cells):
    generator = np.random.default_rng(seed)
    height, width = generator.integers(4, 12, 2).tolist()
    features = torch.from_numpy(generator.normal(size=(1, 3, height, width)))
    background = torch.from_numpy((generator.random((1, height, width)) < 0.4).astype(float))
    queries, valid = background_queries(features, background, cells)
    cell, before = [], []
    for side in (height, width):
        rest = -side % cells
        before.append(rest // 2 if rest % 2 == 0 else 0)
        cell.append((side + rest) // cells)
    for place in range(cells**2):
        chosen = [
            features[0, :, y, x]
            for y in range(height)
            for x in range(width)
            if background[0, y, x]
            and (y + before[0]) // cell[0] == place // cells
            and (x + before[1]) // cell[1] == place % cells
        ]
        assert bool(valid[0, place]) == bool(chosen)
        if chosen:
            assert torch.allclose(queries[0, place], torch.stack(chosen).mean(0))


@given(st.integers(1, 12), st.integers(1, 4))
def test_bins_cover_all_places(length, bins):
    shares = bin_shares(length, bins)
    expected = [[float(place in part) for part in parts(length, bins)] for place in range(length)]
    assert shares.tolist() == expected
    assert shares.any(axis=1).all()


def test_attention_is_high_where_features_are_the_background():
    queries = torch.tensor([[1.0, 0.0]])
    features = torch.tensor([[3.0, 0.0, -1.0, 1.0], [0.0, 2.0, 0.0, 1.0]])
    expected = torch.tensor([1.0, 0.0, 0.0, 0.5**0.5])
    assert torch.allclose(background_attention(features, queries), expected)
    assert not background_attention(features, queries[:0]).any()


@pytest.mark.parametrize(("background_rows", "aware"), [(1, False), (2, True)])
def test_with_little_background_boxes_are_pooled_plainly(background_rows, aware):
    """A share of exactly 12.5 % is too little; the cells are classified in either case."""
    torch.manual_seed(0)
    classifier = BoxClassifier("tiny", 3).eval()
    image = torch.randn(1, 3, 8, 8)
    background = torch.zeros(1, 8, 8)
    background[:, :background_rows] = 1
    box = [0.0, float(background_rows), 8.0, 8.0]
    boxes = torch.tensor([[[2.0, *box], [0.0] * 5]])
    options = {"cells": 1, "bins": 2, "least_background": 0.125}
    logits, targets = classifier(image, boxes, background, **options)
    features = classifier.features(image)[0].double()
    queries, _ = background_queries(features[None], background.double(), 1)
    used = queries[0] if aware else []
    expected = slow_pool(features, [box], (8, 8), used, 2).float()
    expected = classifier.head(torch.cat([expected, queries[0].float()]))
    assert targets.tolist() == [2, 2, 2, 2, 0]
    assert torch.allclose(logits, expected, atol=1e-5)


def test_images_without_boxes_are_background_and_full_ones_have_none():
    torch.manual_seed(0)
    classifier = BoxClassifier("tiny", 3).eval()
    options = {"cells": 2, "bins": 1, "least_background": 0.125}
    background = torch.stack([torch.ones(16, 16), torch.zeros(16, 16)])
    boxes = torch.tensor([[[0.0] * 5], [[1.0, 0.0, 0.0, 16.0, 16.0]]])
    logits, targets = classifier(torch.randn(2, 3, 16, 16), boxes, background, **options)
    assert targets.tolist() == [1, 0, 0, 0, 0]
    assert torch.isfinite(logits).all()
