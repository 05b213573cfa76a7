"""EDAM's network, its maps and its labels, against references that take one step at a time."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published
from torch.nn import functional

from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.maps import to_image_size
from smallobjects.pseudo_labels.edam.labels import fuse, make_label, normalise_maps
from smallobjects.pseudo_labels.edam.maps import class_masks
from smallobjects.pseudo_labels.edam.network import (
    EdamNetwork,
    load_edam,
    normalised_masks,
    save_edam,
    sinusoids,
)
from smallobjects.pseudo_labels.edam.training import (
    initial_network,
    parameter_groups,
    prepare_training,
    rate_factor,
)
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.augmentation import normalise, rescale_image

CPU = torch.device("cpu")
TINY = {"network": "tiny", "trained_from": "stem", "batch_norm": "trained", "hidden": 8}


def tiny(num_classes=5, **changes):
    torch.manual_seed(11)
    return EdamNetwork(num_classes, published("edam.edam", **TINY | changes)).eval()


def test_masks_are_normalised_over_channels():
    logits = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(1))
    logits[1, :, 2, 2] = 0
    masks = normalised_masks(logits).numpy()
    for b in range(2):
        for y in range(3):
            for x in range(5):
                vector = [float(v) for v in logits[b, :, y, x]]
                length = math.sqrt(sum(v * v for v in vector))
                expected = [abs(v) / length if length else 0 for v in vector]
                assert masks[b, :, y, x] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("positions", "channels"), [(1, 2), (46 * 46, 128), (7, 6)])
def test_positions_are_sinusoids(positions, channels):
    found = sinusoids(positions, channels)
    assert found.shape == (positions, channels)
    for position in {0, min(1, positions - 1), positions // 2, positions - 1}:
        for i in range(channels // 2):
            angle = position / 10000 ** (2 * i / channels)
            assert float(found[position, 2 * i]) == pytest.approx(math.sin(angle), abs=3e-4)
            assert float(found[position, 2 * i + 1]) == pytest.approx(math.cos(angle), abs=3e-4)


def layer_norm(x, norm):
    deviation = np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    return (x - x.mean(-1, keepdims=True)) / deviation * array(norm.weight) + array(norm.bias)


def array(tensor):
    return tensor.detach().numpy().astype(np.float64)


def linear(x, weight, bias):
    return x @ array(weight).T + array(bias)


def slow_logits(network, pair, class_id):
    """The logits of one class of one pair: the formulas, in double precision."""
    with torch.no_grad():
        features = network.backbone(pair)[-1]
        mask = array(normalised_masks(network.mask_layer(features)))[:, class_id - 1]
        projected = array(network.project(features))
    hidden, pooling = projected.shape[1], network.settings.token_pooling
    tokens = []
    for image in range(2):
        gated = projected[image] * mask[image]
        height, width = gated.shape[1:]
        place = 0
        for y in range(0, height, pooling):
            for x in range(0, width, pooling):
                token = gated[:, y : y + pooling, x : x + pooling].mean(axis=(1, 2))
                for channel in range(hidden):
                    angle = place / 10000 ** ((channel - channel % 2) / hidden)
                    token[channel] += math.cos(angle) if channel % 2 else math.sin(angle)
                tokens.append(token + array(network.segments.weight)[image])
                place += 1
    x = np.array(tokens)
    head = network.attention[class_id - 1]
    block, count = head.block, network.settings.heads
    normed = layer_norm(x, block.norm1)
    joint = linear(normed, block.self_attn.in_proj_weight, block.self_attn.in_proj_bias)
    query, key, value = np.split(joint, 3, axis=1)
    mixed = []
    for part in np.split(np.arange(hidden), count):
        scores = query[:, part] @ key[:, part].T / math.sqrt(hidden / count)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        mixed.append(weights / weights.sum(axis=1, keepdims=True) @ value[:, part])
    output = block.self_attn.out_proj
    x = x + linear(np.concatenate(mixed, axis=1), output.weight, output.bias)
    inner = linear(layer_norm(x, block.norm2), block.linear1.weight, block.linear1.bias)
    inner = 0.5 * inner * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
    x = x + linear(inner, block.linear2.weight, block.linear2.bias)
    return [float(part.mean(axis=0) @ array(head.classify.weight)[0]) for part in np.split(x, 2)]


@pytest.mark.parametrize("pooling", [1, 2, 4])
def test_logits_are_those_of_the_formulas(pooling):
    network = tiny(token_pooling=pooling)
    for parameter in network.attention.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    images = torch.randn(3, 2, 3, 20, 28)
    classes = torch.tensor([[1, 2, 4], [4, 5, 2], [3, 1, 5]])
    with torch.no_grad():
        logits = network(images, classes)
    assert logits.shape == (3, 2, 3)
    for pair in range(3):
        for slot in range(3):
            expected = slow_logits(network, images[pair], int(classes[pair, slot]))
            assert logits[pair, :, slot].tolist() == pytest.approx(expected, abs=2e-5)


def gradients(network, images, classes):
    network.zero_grad()
    torch.manual_seed(5)
    logits = network(images, classes)
    functional.binary_cross_entropy_with_logits(logits, (logits > 0).float()).backward()
    found = {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}
    return logits.detach(), found


def test_computing_again_changes_nothing():
    """With dropout, too: what is dropped is the same the second time."""
    kept, again = tiny(recompute=False, dropout=0.3), tiny(recompute=True, dropout=0.3)
    images, classes = torch.randn(2, 2, 3, 16, 24), torch.tensor([[1, 3], [3, 4]])
    for network in (kept, again):
        prepare_training(network, network.settings)
    (first, expected), (second, found) = (gradients(n, images, classes) for n in (kept, again))
    assert torch.equal(first, second)
    assert set(expected) == set(found)
    for name, gradient in expected.items():
        assert torch.allclose(gradient, found[name], atol=1e-7), name
    undropped = tiny(recompute=False)(images, classes).detach()
    assert not torch.allclose(first, undropped, atol=1e-3), "dropout works in training"


def test_attention_of_a_class_is_not_kept():
    """Of 2 × 1,050 tokens, attention would keep 2 × 2,100² values for each class."""
    saved = {}
    for recompute in (False, True):
        network = tiny(recompute=recompute, num_classes=3)
        prepare_training(network, network.settings)
        sizes = []
        # Without recomputing, everything that a backward pass needs goes through these hooks.
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, sizes=sizes: sizes.append(t.numel()) or t, lambda t: t
        ):
            network(torch.randn(1, 2, 3, 120, 140), torch.tensor([[1, 2, 3]]))
        saved[recompute] = sum(sizes)
    assert saved[True] < saved[False] / 3


def test_heads_share_the_channels():
    with pytest.raises(ValueError, match="hidden = 8 is no multiple of heads = 3"):
        published("edam.edam", hidden=8, heads=3)


def test_training_trains_what_it_should():
    network = tiny(batch_norm="frozen", trained_from="layer1")
    prepare_training(network, network.settings)
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert not [name for name in trained if name.startswith("backbone.stages.stem")]
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert all(not m.training and not m.weight.requires_grad for m in norms)
    assert [m for m in network.modules() if isinstance(m, torch.nn.Dropout) and m.training]
    groups = parameter_groups(network, network.settings)
    assert [group["lr"] for group in groups] == [0.001, 0.01]
    names = {id(p): name for name, p in network.named_parameters()}
    found = [{names[id(p)] for p in group["params"]} for group in groups]
    assert found[0] | found[1] == trained
    assert sum(len(group["params"]) for group in groups) == len(trained)
    heads = {f"attention.{index}.classify.weight" for index in range(5)}
    assert found[1] == heads | {"mask_layer.weight", "project.weight"}
    learning = tiny()
    prepare_training(learning, learning.settings)
    assert all(m.training for m in learning.modules() if isinstance(m, torch.nn.BatchNorm2d))


def test_learning_rates_rise_and_fall():
    settings = published("edam.edam")
    factors = [rate_factor(step, 33_000, settings) for step in range(33_000)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[1000] == pytest.approx(0.55)
    assert factors[1999] == pytest.approx(0.1 + 0.9 * 1999 / 2000)
    assert factors[2000] == 1
    assert factors[17_500] == pytest.approx(0.5**0.9)
    assert factors[-1] == pytest.approx((1 / 31_000) ** 0.9)
    short = published("edam.edam", warm_up=10)
    assert [rate_factor(step, 5, short) for step in range(5)] == pytest.approx(
        [0.1, 0.19, 0.28, 0.37, 0.46]
    )


def test_a_training_starts_from_the_classifier():
    settings = published("edam.edam", **TINY | {"initial": "classifier"})
    torch.manual_seed(3)
    classifier = Classifier("tiny", 5)
    network = initial_network(5, settings, classifier)
    for key, value in classifier.backbone.state_dict().items():
        assert torch.equal(network.backbone.state_dict()[key], value)
    with pytest.raises(BadInputError, match=r"none is given; .*--classifier"):
        initial_network(5, settings, None)
    other = settings.model_copy(update={"network": "wide_resnet38"})
    with pytest.raises(BadInputError, match="'wide_resnet38', but it is a 'tiny'"):
        initial_network(5, other, classifier)


def test_a_network_is_saved_and_read(tmp_path):
    network = tiny(heads=4, token_pooling=3)
    save_edam(tmp_path / "edam.pth", network)
    again = load_edam(tmp_path / "edam.pth", 5)
    images, classes = torch.randn(1, 2, 3, 12, 12), torch.tensor([[1, 5]])
    assert torch.equal(network(images, classes), again(images, classes))
    with pytest.raises(BadInputError, match=r"edam\.pth: a network of 5 classes.*has 80"):
        load_edam(tmp_path / "edam.pth", 80)
    torch.save({"kind": "classifier"}, tmp_path / "other.pth")
    with pytest.raises(BadInputError, match="train-edam"):
        load_edam(tmp_path / "other.pth", 5)


def slow_maps(network, image, classes, scales):
    """All views, one after the other."""
    height, width = (-(-side // 4) for side in image.shape[:2])
    total = np.zeros((len(classes), height, width))
    for scale in scales:
        for mirrored in (False, True):
            view = normalise(rescale_image(image, scale))
            view = view[..., ::-1].copy() if mirrored else view
            with torch.no_grad():
                masks = network.masks(torch.from_numpy(view)[None])[0]
            masks = masks.flip(-1) if mirrored else masks
            resized = functional.interpolate(masks[None], (height, width), mode="bilinear")[0]
            total += resized.numpy()[[c - 1 for c in classes]]
    return total / (total.max(axis=(1, 2), keepdims=True) + 1e-5)


def test_maps_are_summed_over_views():
    network = tiny()
    image = np.random.default_rng(2).integers(0, 256, (30, 45, 3)).astype(np.uint8)
    settings = published("edam.cam", scales=(1.0, 0.5, 1.5))
    maps = class_masks(network, image, (2, 5), settings, CPU)
    assert maps.dtype == np.float32
    assert np.abs(maps - slow_maps(network, image, (2, 5), settings.scales)).max() < 1e-5
    assert class_masks(network, image, (), settings, CPU).shape == (0, 8, 12)


def test_a_mask_that_is_nowhere_gives_a_map_of_zeros():
    network = tiny()
    network.mask_layer.weight.data[1] = 0
    image = np.random.default_rng(2).integers(0, 256, (30, 45, 3)).astype(np.uint8)
    maps = class_masks(network, image, (2, 5), published("edam.cam", scales=(1.0,)), CPU)
    assert (maps[0] == 0).all()
    assert maps[1].max() == pytest.approx(1, abs=1e-4)
    saliency = np.full((30, 45), 200, np.uint8)
    for iterations in (0, 3):
        settings = published("edam.label", crf={"iterations": iterations})
        label = make_label(image, np.array([2, 5]), maps, saliency, settings)
        assert 2 not in label
        nothing = make_label(image, np.array([2]), maps[:1], saliency, settings)
        assert not nothing.any()
    flat = normalise_maps(np.stack([np.zeros((2, 3)), np.full((2, 3), 0.25)]))
    assert flat.tolist() == [[[0] * 3] * 2, [[1] * 3] * 2]


def slow_fuse(classes, scores, saliency, settings):
    """The rule in words, pixel by pixel."""
    label = np.zeros(saliency.shape, np.uint8)
    for y, x in np.ndindex(saliency.shape):
        candidates = []
        for class_id, score in zip(classes, scores[:, y, x], strict=True):
            if score > settings.certain_score:
                candidates.append((2.0, class_id))
            elif score >= settings.least_score:
                candidates.append((float(score), class_id))
        background = 1.0 if saliency[y, x] <= settings.saliency_threshold else 0.0
        best = max((score for score, _ in candidates), default=-1.0)
        if best > background:
            label[y, x] = next(class_id for score, class_id in candidates if score == best)
    return label


@given(
    st.integers(1, 3),
    st.integers(0, 4),
    st.sampled_from([(20, 1e-6, 0.99999), (64, 0.0, 1.0), (0, 0.3, 0.6), (255, 0.5, 0.5)]),
)
def test_saliency_has_the_last_word_unless_a_class_is_certain(count, seed, thresholds):
    generator = np.random.default_rng(seed)
    edges = np.array([0, 1e-7, 1e-6, 0.3, 0.5, 0.6, 0.99999, 1], np.float32)
    scores = generator.choice(edges, (count, 5, 7))
    saliency = generator.choice([0, 19, 20, 21, 64, 65, 255], (5, 7)).astype(np.uint8)
    classes = np.array([3, 7, 80])[:count]
    threshold, least, certain = thresholds
    settings = published(
        "edam.label", saliency_threshold=threshold, least_score=least, certain_score=certain
    )
    settings32 = published(
        "edam.label",
        saliency_threshold=threshold,
        least_score=float(np.float32(least)),
        certain_score=float(np.float32(certain)),
    )
    label = fuse(classes, scores, saliency, settings)
    assert label.dtype == np.uint8
    assert np.array_equal(label, slow_fuse(classes, scores, saliency, settings32))


def test_labels_start_from_the_rest_of_the_highest_mask():
    generator = np.random.default_rng(9)
    image = generator.integers(0, 256, (17, 22, 3)).astype(np.uint8)
    maps = generator.random((2, 5, 6)).astype(np.float32)
    saliency = generator.integers(0, 256, (17, 22)).astype(np.uint8)
    plain = published("edam.label", crf={"iterations": 0}, background_power=2)
    full = to_image_size(torch.from_numpy(maps), 17, 22).numpy()
    full = full / full.max(axis=(1, 2), keepdims=True)
    expected = slow_fuse([4, 9], full, saliency, plain)
    assert np.array_equal(make_label(image, np.array([4, 9]), maps, saliency, plain), expected)
    refined = make_label(image, np.array([4, 9]), maps, saliency, published("edam.label"))
    assert not np.array_equal(refined, expected)
    none = make_label(image, np.array([], np.uint8), maps[:0], saliency, plain)
    assert not none.any()
