"""RCA's memory, contrast, aggregation and labels, against loops and torch without shortcuts."""

import math
import statistics

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published
from scipy.cluster.vq import kmeans2
from torch import nn
from torch.nn import functional

from smallobjects.dense_crf import refine_probabilities
from smallobjects.pseudo_labels.rca.aggregation import SemanticAggregation
from smallobjects.pseudo_labels.rca.clustering import kmeans
from smallobjects.pseudo_labels.rca.contrast import RegionPair, contrast_loss, draw_pairs
from smallobjects.pseudo_labels.rca.labels import rca_label, refine_attention
from smallobjects.pseudo_labels.rca.memory import RegionMemory
from smallobjects.pseudo_labels.rca.network import RcaNetwork
from smallobjects.pseudo_labels.rca.regions import region_masks, region_means
from smallobjects.pseudo_labels.rca.training import train_rca
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
NETWORK = {"network": "tiny", "width": 4, "memory": 5, "prototypes": 2}
SMALL = published("rca.rca", **NETWORK)
TARGETS = torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]])


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def slow_region(features, coarse, index):
    """The places of a region, and the mean of the features over it."""
    channels, height, width = coarse.shape
    probability = {}
    for place in np.ndindex(height, width):
        powers = [math.exp(coarse[(c, *place)]) for c in range(channels)]
        probability[place] = powers[index] / sum(powers)
    mean = statistics.fmean(probability.values())
    places = [place for place, value in probability.items() if value > mean]
    return places, torch.stack([features[:, y, x] for y, x in places]).mean(dim=0)


def test_regions_are_those_of_every_place():
    features, coarse = random(2, 6, 4, 5), random(2, 3, 4, 5, seed=1) * 2
    masks = region_masks(coarse)
    for image in range(2):
        means = region_means(features[image], masks[image])
        for index in range(3):
            places, mean = slow_region(features[image], coarse[image], index)
            assert [tuple(p) for p in torch.nonzero(masks[image, index]).tolist()] == places
            torch.testing.assert_close(means[index], mean)
    assert not region_masks(torch.zeros(1, 3, 2, 2)).any()
    assert not region_means(features[0], torch.zeros(1, 4, 5, dtype=torch.bool)).any()


def test_the_memory_is_updated_as_region_by_region():
    torch.manual_seed(0)
    memory = RegionMemory(3, 4, 6)
    vectors, places = memory.vectors.clone(), [0, 0, 0]
    for step in range(6):
        features = random(4, 6, 4, 5, seed=step)
        coarse = random(4, 3, 4, 5, seed=step + 50)
        probabilities = torch.rand(4, 3, generator=torch.Generator().manual_seed(step))
        memory.remember(features, coarse, TARGETS, probabilities, least=0.4, momentum=0.9)
        for image in range(4):
            for index in range(3):
                if TARGETS[image, index] and probabilities[image, index] > 0.4:
                    _, region = slow_region(features[image], coarse[image], index)
                    entry = vectors[index, places[index]]
                    vectors[index, places[index]] = 0.9 * entry + 0.1 * region
                    places[index] = (places[index] + 1) % 4
    torch.testing.assert_close(memory.vectors, vectors)
    assert memory.places.tolist() == places
    assert max(places) > 0


def test_a_class_without_a_region_is_not_remembered():
    memory = RegionMemory(2, 3, 4)
    before = memory.vectors.clone()
    flat, sure = torch.zeros(1, 2, 4, 4), torch.ones(1, 2)
    memory.remember(random(1, 4, 4, 4), flat, sure, sure, least=0.5, momentum=0.5)
    assert torch.equal(memory.vectors, before)
    assert memory.places.tolist() == [0, 0]


def test_a_class_that_is_no_surer_than_the_least_is_not_remembered():
    memory = RegionMemory(2, 3, 4)
    coarse, sure = random(1, 2, 4, 4), torch.tensor([[0.5, 0.5 + 1e-6]])
    memory.remember(random(1, 4, 4, 4), coarse, torch.ones(1, 2), sure, least=0.5, momentum=0.5)
    assert memory.places.tolist() == [0, 1]


def slow_contrast(embeddings, coarse, pairs, memory, temperature):
    """The loss with every exponential by itself, in double precision."""
    total = 0.0
    for image in range(len(embeddings)):
        own = [pair for pair in pairs if pair.image == image]
        for pair in own:
            _, first = slow_region(embeddings[image], coarse[image], pair.index)
            _, second = slow_region(
                embeddings[pair.other_image], coarse[pair.other_image], pair.other_index
            )
            mixture = (pair.share * first + (1 - pair.share) * second).double()
            mixture = mixture / mixture.norm()
            for index, share in ((pair.index, pair.share), (pair.other_index, 1 - pair.share)):
                negatives = sum(
                    math.exp(float(mixture @ (v / v.norm())) / temperature)
                    for c in range(len(memory))
                    for v in memory[c].double()
                    if c != index
                )
                losses = []
                for positive in memory[index].double():
                    power = math.exp(float(mixture @ (positive / positive.norm())) / temperature)
                    losses.append(-math.log(power / (power + negatives)))
                total += share * statistics.fmean(losses) / len(own)
    return total


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_the_contrast_is_that_of_every_exponential(temperature):
    embeddings = random(4, 6, 4, 5).requires_grad_()
    coarse, memory = random(4, 3, 4, 5, seed=1), random(3, 7, 6, seed=2)
    pairs = draw_pairs(TARGETS, 8, np.random.default_rng(0))
    loss = contrast_loss(embeddings, coarse, pairs, memory, temperature)
    expected = slow_contrast(embeddings.detach(), coarse, pairs, memory, temperature)
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-4)
    loss.backward()
    assert embeddings.grad[[0, 1, 3]].abs().sum() > 0


def test_classes_that_nothing_can_be_said_of_count_nothing():
    embeddings = random(2, 6, 4, 4).requires_grad_()
    memory = random(4, 7, 6, seed=2)
    nothing = contrast_loss(embeddings, random(2, 4, 4, 4), [], memory, 0.07)
    nothing.backward()
    assert float(nothing.detach()) == 0
    flat = torch.zeros(2, 4, 4, 4)  # every probability is exactly its mean
    pair = [RegionPair(0, 1, 1, 2, 0.4)]
    loss = contrast_loss(embeddings, flat, pair, memory, 0.07)
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.isfinite(embeddings.grad).all()


@given(st.integers(0, 10_000))
def test_every_class_gets_a_partner_that_has_one(seed):
    pairs = draw_pairs(TARGETS, 8, np.random.default_rng(seed))
    own = [(pair.image, pair.index) for pair in pairs]
    assert own == [tuple(place) for place in torch.nonzero(TARGETS).tolist()]
    for pair in pairs:
        assert TARGETS[pair.other_image, pair.other_index] == 1
        assert 0 < pair.share < 1
    assert pairs == draw_pairs(TARGETS, 8, np.random.default_rng(seed))
    assert draw_pairs(torch.zeros(2, 3), 8, np.random.default_rng(seed)) == []


def test_the_aggregation_is_that_of_every_place_and_prototype():
    torch.manual_seed(0)
    unit = SemanticAggregation(3, 2, 5)
    features = random(2, 5, 3, 4)
    prototypes = unit.prototypes.reshape(6, 5)
    with torch.no_grad():
        found = unit(features)
        for image, y, x in np.ndindex(2, 3, 4):
            here = features[image, :, y, x]
            query = unit.query.weight[:, :, 0, 0] @ here + unit.query.bias
            gathered = torch.zeros(5)
            for prototype in prototypes:
                key = unit.key.weight @ prototype + unit.key.bias
                value = unit.value.weight @ prototype + unit.value.bias
                gathered += (query @ key) / 2 * 20 * value
            gathered = unit.project.weight[:, :, 0, 0] @ gathered + unit.project.bias
            joined = unit.join.weight[:, :, 0, 0] @ torch.cat([here, gathered]) + unit.join.bias
            torch.testing.assert_close(found[image, :, y, x], joined, rtol=1e-4, atol=1e-4)


def inertia(points, centres):
    return float(torch.cdist(points, centres).min(dim=1).values.square().sum())


def test_clusters_are_found_where_they_are():
    truth = torch.tensor([[0.0, 0], [10, 0], [0, 10], [10, 10]])
    points = truth.repeat_interleave(25, dim=0) + random(100, 2) * 0.3
    found = kmeans(points, 4, torch.Generator().manual_seed(1))
    order = torch.cdist(truth, found).argmin(dim=1)
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    means = points.reshape(4, 25, 2).mean(dim=1)
    torch.testing.assert_close(found[order], means, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_as_tight_as_those_of_scipy_and_repeatable(seed):
    points = random(200, 6, seed=seed)
    found = kmeans(points, 5, torch.Generator().manual_seed(seed))
    theirs, _ = kmeans2(points.numpy(), 5, minit="++", seed=seed, iter=100)
    assert inertia(points, found) < 1.05 * inertia(points, torch.from_numpy(theirs))
    again = kmeans(points, 5, torch.Generator().manual_seed(seed))
    assert torch.equal(found, again)
    nearest = torch.cdist(points, found).argmin(dim=1)
    for index in range(5):
        torch.testing.assert_close(
            found[index], points[nearest == index].mean(dim=0), atol=0.05, rtol=0.1
        )


def test_fewer_distinct_points_than_clusters():
    points = torch.tensor([[1.0, 2], [1, 2], [3, 4], [3, 4]])
    found = kmeans(points, 3, torch.Generator().manual_seed(0))
    assert torch.isfinite(found).all()
    assert {tuple(row) for row in found.tolist()} == {(1, 2), (3, 4)}


def test_every_class_has_a_branch_of_its_own():
    torch.manual_seed(0)
    network = RcaNetwork(3, SMALL).eval()
    images = random(2, 3, 32, 32)
    convolutions = [layer for layer in network.fine if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        fine, coarse, embeddings, features = network(images)
        joined = network.aggregation(features)
        for index in range(3):
            branch = joined
            for place, layer in enumerate(convolutions):
                share = layer.out_channels // 3
                own = slice(index * share, (index + 1) * share)
                branch = functional.conv2d(
                    branch, layer.weight[own], layer.bias[own], padding=layer.padding
                )
                branch = branch.relu() if place < 3 else branch
            torch.testing.assert_close(branch[:, 0], fine[:, index], rtol=1e-4, atol=1e-6)
    assert coarse.shape == fine.shape == (2, 3, 8, 8)
    assert embeddings.shape == features.shape
    new = {id(p) for part in network.new for p in part.parameters()}
    assert not new & {id(p) for p in network.aggregation.parameters()}
    assert not new & {id(p) for p in network.backbone.parameters()}


def test_the_crf_starts_from_attention_and_its_complement():
    generator = np.random.default_rng(0)
    image = generator.integers(0, 255, (12, 14, 3)).astype(np.uint8)
    maps = generator.random((2, 12, 14)).astype(np.float32)
    parameters = published("rca.labels")
    scores = np.stack([(1 - maps.max(axis=0)) ** 4, *maps])
    expected = refine_probabilities(image, scores / scores.sum(axis=0), parameters.crf)
    assert np.allclose(refine_attention(image, maps, parameters), expected[1:], atol=1e-4)


def test_labels_of_an_image():
    image = np.full((30, 40, 3), 90, dtype=np.uint8)
    image[:15] = (200, 40, 40)
    maps = np.zeros((1, 30, 40), dtype=np.float32)
    maps[:, :15] = 0.95
    saliency = np.where(maps[0] > 0, 255, 0).astype(np.uint8)
    label = rca_label(image, np.array([7]), maps, saliency, published("rca.labels"))
    assert (label[:14] == 7).all()
    assert not label[16:].any()
    nothing = rca_label(image, np.array([7]), maps, 0 * saliency, published("rca.labels"))
    assert (nothing == 255).all()
    without = rca_label(image, np.zeros(0, int), maps[:0], saliency, published("rca.labels"))
    assert not without.any()


@pytest.fixture(scope="module")
def training():
    return published(
        "rca.rca", **NETWORK, head_deviation=0.1, input_size=32, batch_size=4, epochs=4,
        learning_rate=0.01, new_factor=1, memory_probability=0.3,
    )  # fmt: skip


def test_a_training_is_repeatable_and_uses_its_memory(squares, training):
    ids = squares.split("train")
    network, gathered = train_rca(TrainingContext(squares, ids, seed=1, device=CPU), training)
    again, maps = train_rca(TrainingContext(squares, ids, seed=1, device=CPU, workers=2), training)
    for first, second in zip(
        network.state_dict().values(), again.state_dict().values(), strict=True
    ):
        assert torch.equal(first, second)
    found, repeated = (dict(m.maps(ids, squares.image_classes)) for m in (gathered, maps))
    for image_id in ids:
        assert np.array_equal(found[image_id][1], repeated[image_id][1])
        assert found[image_id][1].shape == (len(squares.image_classes.get(image_id, ())), 8, 8)
    start = RcaNetwork(3, training)
    assert network.memory.places.sum() > 0
    assert network.aggregation.prototypes.std() < 0.95 * start.aggregation.prototypes.std()


def test_the_contrast_trains_the_embedding_from_its_epoch_on(squares, training):
    ids = squares.split("train")

    def embedding(**changes):
        parameters = training.model_copy(update={"weight_decay": 0.0, **changes})
        network, _ = train_rca(TrainingContext(squares, ids, seed=1, device=CPU), parameters)
        return torch.cat([p.detach().flatten() for p in network.embedding.parameters()])

    never = embedding(contrast_epoch=9)
    assert torch.equal(never, embedding(contrast_weight=0.0))
    assert not torch.equal(never, embedding())
