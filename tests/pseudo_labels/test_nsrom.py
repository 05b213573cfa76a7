"""NS-ROM's own steps, against loops over nodes and pixels."""

import math
import statistics

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published
from torch import nn

from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.nsrom.classifier import train_classifier
from smallobjects.pseudo_labels.nsrom.graph_reasoning import GraphReasoning
from smallobjects.pseudo_labels.nsrom.integral import IntegralSample, train_integral
from smallobjects.pseudo_labels.nsrom.labels import (
    first_label,
    mine_potential_objects,
    potential_threshold,
)
from smallobjects.pseudo_labels.nsrom.losses import integral_loss
from smallobjects.pseudo_labels.nsrom.maps import square_maps
from smallobjects.pseudo_labels.nsrom.mining import final_label, widened
from smallobjects.pseudo_labels.nsrom.network import AttentionNetwork
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
NETWORK = {"network": "tiny", "width": 8, "nodes": 3, "states": 4, "input_size": 32}
TRAINING = {"batch_size": 5, "epochs": 2, "learning_rate": 0.01, "new_factor": 1}


def reason(unit, x):
    """The graph reasoning of one image, node by node and state by state; x is channels×P."""
    state = unit.state.weight[:, :, 0, 0] @ x + unit.state.bias[:, None]
    projection = unit.projection.weight[:, :, 0, 0] @ x + unit.projection.bias[:, None]
    states, nodes, places = len(state), len(projection), x.shape[1]
    value = torch.zeros(states, nodes)
    for d in range(states):
        for n in range(nodes):
            value[d, n] = sum(state[d, p] * projection[n, p] for p in range(places))
    exchanged = torch.zeros(states, nodes)
    for d in range(states):
        for n in range(nodes):
            others = sum(unit.adjacency.weight[n, m, 0] * value[d, m] for m in range(nodes))
            exchanged[d, n] = value[d, n] + others + unit.adjacency.bias[n]
    updated = torch.zeros(states, nodes)
    for d in range(states):
        for n in range(nodes):
            updated[d, n] = sum(
                unit.update.weight[d, e, 0] * max(exchanged[e, n], 0) for e in range(states)
            )
    back = torch.zeros(states, places)
    for p in range(places):
        back[:, p] = sum(updated[:, n] * projection[n, p] for n in range(nodes))
    return unit.extend.weight[:, :, 0, 0] @ back


def test_graph_reasoning_is_that_of_every_node():
    torch.manual_seed(0)
    unit = GraphReasoning(6, nodes=3, states=4)
    features = torch.randn(3, 6, 4, 2)
    with torch.no_grad():
        raw = torch.stack([reason(unit, image.flatten(1)) for image in features])
        mean, variance = raw.mean((0, 2)), raw.var((0, 2), unbiased=False)
        normalised = (raw - mean[:, None]) / torch.sqrt(variance + 1e-4)[:, None]
        expected = features + normalised.reshape(features.shape)
        torch.testing.assert_close(unit(features), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("integral", [False, True])
def test_where_the_relus_are(integral):
    network = AttentionNetwork(7, published("nsrom.integral", **NETWORK), integral=integral).eval()
    kinds = [type(layer).__name__ for layer in network.head]
    middle = ["ReLU", "GraphReasoning"] if integral else ["GraphReasoning", "ReLU"]
    assert kinds == ["Conv2d", "ReLU", "Conv2d", "ReLU", "Conv2d", *middle, "Conv2d"]
    with torch.no_grad():
        assert network(torch.randn(2, 3, 32, 32)).shape == (2, 7, 8, 8)


def test_the_vgg_network_has_the_published_size():
    network = AttentionNetwork(20, published("nsrom.integral"), integral=False)
    convolutions = 14_714_688 + 3 * (512 * 512 * 9 + 512)
    graph = (512 + 1) * (128 + 64) + 64 * 64 + 64 + 128 * 128 + 128 * 512 + 2 * 512
    assert sum(p.numel() for p in network.parameters()) == convolutions + graph + 513 * 20
    assert [m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)] == [1e-4]


def test_the_integral_loss_is_that_of_every_cell():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64) * 3
    targets = torch.rand(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    targets[targets < 0.5] = 0
    positive, negative = [], []
    for x, t in zip(logits.flatten().tolist(), targets.flatten().tolist(), strict=True):
        sigmoid = 1 / (1 + math.exp(-x))
        (positive if t > 0 else negative).append(
            -t * math.log(sigmoid) if t > 0 else -math.log(1 - sigmoid)
        )
    expected = statistics.fmean(positive) + statistics.fmean(negative)
    assert float(integral_loss(logits, targets)) == pytest.approx(expected, rel=1e-12)
    nothing = integral_loss(logits, torch.zeros_like(targets))
    assert float(nothing) == pytest.approx(
        statistics.fmean(math.log1p(math.exp(x)) for x in logits.flatten().tolist())
    )


def mined(label, classes, activations, floor):
    """Potential objects pixel by pixel."""
    result = label.copy()
    for class_id, activation in zip(classes, activations, strict=True):
        inside = sorted(activation[label == class_id].tolist())
        if sum(inside) > 0:
            threshold = statistics.median(inside)
        else:
            high = [value for value in activation.ravel().tolist() if value > floor]
            middle = statistics.median(high) if high else 1
            higher = [value for value in activation.ravel().tolist() if value > middle]
            threshold = statistics.median(higher) if high and higher else 1
        for place in np.ndindex(label.shape):
            if label[place] == 0 and activation[place] > threshold:
                result[place] = 255
    return result


@pytest.mark.parametrize("seed", range(5))
def test_potential_objects_are_those_of_every_pixel(seed):
    generator = np.random.default_rng(seed)
    classes = np.array([1, 4, 9])
    activations = generator.random((3, 12, 15)).astype(np.float32)
    if seed == 1:
        activations[2] *= 0.29  # nothing above the floor, and no region below
    label = generator.choice([0, 0, 0, 1, 4, 255], (12, 15)).astype(np.uint8)
    if seed == 2:
        activations[:2, (label == 1) | (label == 4)] = 0
    found = mine_potential_objects(label, classes, activations, 0.3)
    assert np.array_equal(found, mined(label, classes, activations, 0.3))
    assert (found != label).any()


@pytest.mark.parametrize(
    ("inside", "values", "expected"),
    [
        ([0.2, 0.4, 0.9], [0.0, 1.0], 0.4),
        ([], [0.1, 0.4, 0.5, 0.8, 0.9], 0.85),  # above 0.3: median 0.65; above that: 0.8, 0.9
        ([0.0, 0.0], [0.1, 0.2], 1.0),
        ([], [0.5, 0.5, 0.5], 1.0),
    ],
)
def test_the_threshold_of_a_potential_object(inside, values, expected):
    found = potential_threshold(np.array(inside), np.array([values]), 0.3)
    assert found == pytest.approx(expected)


def test_first_labels_of_few_objects_are_void_and_of_none_background():
    saliency = np.zeros((40, 50), dtype=np.uint8)
    maps = np.zeros((1, 40, 50), dtype=np.float32)
    parameters = published("nsrom.first_labels")
    nothing = first_label(np.array([2]), maps, maps, saliency, parameters)
    assert (nothing == 255).all()
    saliency[:10] = 255
    maps[:, :10] = 0.7
    label = first_label(np.array([2]), maps, maps, saliency, parameters)
    assert (label[:10] == 2).all()
    assert not label[10:].any()
    without = first_label(np.zeros(0, int), maps[:0], maps[:0], saliency, parameters)
    assert not without.any()


def test_weak_maps_count_only_above_the_cut():
    saliency = np.full((10, 10), 230, dtype=np.uint8)  # the background plane is below 0.1
    maps = np.full((1, 10, 10), 0.2, dtype=np.float32)
    label = first_label(np.array([2]), maps, maps, saliency, published("nsrom.first_labels"))
    assert (label == 255).all()
    uncut = published("nsrom.first_labels", attention_threshold=0)
    assert (first_label(np.array([2]), maps, maps, saliency, uncut) == 2).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 31))
def test_masks_are_widened_as_opencv_does(seed, side):
    mask = np.random.default_rng(seed).random((23, 31)) > 0.99
    expected = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8))
    assert np.array_equal(widened(mask, side), expected > 0)


def mined_regions(first, prediction, saliency, num_classes, side):
    height, width = first.shape
    label = prediction.astype(int)
    if num_classes > 1:
        for place in np.ndindex(first.shape):
            if 0 < first[place] < 255 and label[place] == 0:
                label[place] = first[place]
        seen = (label != 0) | (saliency != 0)
        for y, x in np.ndindex(first.shape):
            rows = slice(max(0, y - side // 2), min(height, y + (side - 1) // 2 + 1))
            columns = slice(max(0, x - side // 2), min(width, x + (side - 1) // 2 + 1))
            if not seen[rows, columns].any():
                label[y, x] = 255
    objects = sum(0 < value < 255 for value in label.ravel())
    return label if objects >= 0.01 * label.size else np.full_like(label, 255)


@pytest.mark.parametrize("num_classes", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_mining_is_that_of_every_pixel(num_classes, seed):
    generator = np.random.default_rng(seed)

    def sparse(values, share):
        chosen = generator.choice(values, (30, 36))
        return np.where(generator.random((30, 36)) < share, chosen, 0).astype(np.uint8)

    first, prediction = sparse([1, 2, 255], 0.01), sparse([1, 2, 7], 0.01 + 0.002 * seed)
    saliency = sparse([1, 200], 0.004)
    found = final_label(
        first, prediction, saliency, num_classes, published("nsrom.mining", dilation=8)
    )
    expected = mined_regions(first, prediction, saliency, num_classes, 8)
    assert np.array_equal(found, expected)


def test_mining_knows_images_without_classes_and_faint_saliency():
    first = np.zeros((20, 20), dtype=np.uint8)
    prediction = first.copy()
    prediction[:5, :5] = 3
    faint = np.full((20, 20), 2, dtype=np.uint8)
    assert not final_label(first, prediction, faint, 0, published("nsrom.mining")).any()
    literal = final_label(first, prediction, faint, 2, published("nsrom.mining", dilation=2))
    assert np.array_equal(literal, prediction)
    tolerant = published("nsrom.mining", dilation=2, least_saliency=16)
    assert (final_label(first, prediction, faint, 2, tolerant)[8:] == 255).all()


@pytest.fixture(scope="module")
def gathered(eighty):
    """A classifier of eighty classes, barely trained, and what it gathered."""
    ids = eighty.split("train")
    parameters = published("nsrom.attention_classifier", **NETWORK, **TRAINING)
    network, accumulator = train_classifier(
        TrainingContext(eighty, ids, seed=1, device=CPU), parameters
    )
    return network, dict(accumulator.maps(ids, eighty.image_classes))


def test_every_image_and_class_has_a_map(eighty, gathered):
    network, maps = gathered
    assert list(maps) == eighty.split("train")
    for image_id, (classes, found) in maps.items():
        assert tuple(classes) == eighty.image_classes.get(image_id, ())
        assert found.shape == (len(classes), 8, 8)
        assert image_id == "empty" or found.max() == 255
    plain = dict(square_maps(network, eighty, ["wide", "empty"], 32, CPU))
    assert plain["wide"][1].shape == (2, 8, 8)
    assert plain["empty"][1].shape == (0, 8, 8)


def test_a_seed_is_a_training_and_workers_change_nothing(eighty, gathered):
    ids, parameters = (
        eighty.split("train"),
        published("nsrom.attention_classifier", **NETWORK, **TRAINING),
    )
    for seed, workers, equal in ((1, 2, True), (2, 0, False)):
        network, again = train_classifier(
            TrainingContext(eighty, ids, seed=seed, device=CPU, workers=workers), parameters
        )
        maps = dict(again.maps(ids, eighty.image_classes))
        assert equal == all(np.array_equal(maps[i][1], gathered[1][i][1]) for i in ids)
        states = zip(network.state_dict().values(), gathered[0].state_dict().values(), strict=True)
        assert equal == all(torch.equal(*pair) for pair in states)


def test_the_integral_model_learns_the_gathered_maps(eighty, gathered):
    ids, parameters = eighty.split("train"), published("nsrom.integral", **NETWORK, **TRAINING)
    sample = IntegralSample(eighty, ids, gathered[1], parameters)
    target = sample.target("wide")
    assert target.shape == (80, 8, 8)
    assert np.array_equal(target[[0, 79]], gathered[1]["wide"][1] / np.float32(255))
    assert not target[1:79].any()
    assert not sample.target("empty").any()
    network = train_integral(
        TrainingContext(eighty, ids, seed=1, device=CPU), gathered[1], parameters
    )
    assert not network.training
    other = parameters.model_copy(update={"input_size": 48})
    with pytest.raises(BadInputError, match=r"12, 12.*8, 8.*input_size"):
        train_integral(TrainingContext(eighty, ids, seed=1, device=CPU), gathered[1], other)
