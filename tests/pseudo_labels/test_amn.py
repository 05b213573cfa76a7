"""AMN's network, loss and maps, against loops and one view at a time."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.amn.maps import amn_maps, manipulate
from smallobjects.pseudo_labels.amn.network import (
    AmnNetwork,
    adam,
    initial_network,
    load_amn,
    save_amn,
)
from smallobjects.pseudo_labels.amn.training import AmnSample, balanced_smoothed_loss, train_amn
from smallobjects.pseudo_labels.cams.classifier import Classifier, multi_hot, save_classifier
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.labels.archive import LabelArchives, write_labels
from smallobjects.pseudo_labels.training.augmentation import normalise, rescale_image
from smallobjects.pseudo_labels.training.context import TrainingContext

CPU = torch.device("cpu")
TINY = published(
    "amn.amn",
    network="tiny",
    initial="classifier",
    trained_from="stem",
    rates=(1, 2),
    crop_size=32,
    batch_size=4,
    epochs=1,
    learning_rate=1e-3,
    head_learning_rate=1e-2,
)


def network(classes=5, backbone="tiny", rates=(1, 3)):
    torch.manual_seed(0)
    model = AmnNetwork(backbone, classes, rates).eval()
    for layer in model.pyramid:  # As they start, all probabilities are nearly the same.
        layer.weight.data *= 30
    return model


def slow_loss(logits, seeds, smoothing):
    """The loss written pixel by pixel, class by class."""
    classes = len(logits[0])
    losses = {"background": [], "objects": []}
    for image, seed in zip(logits, seeds, strict=True):
        for y, x in np.ndindex(*seed.shape):
            if seed[y, x] == 255:
                continue
            values = [float(image[c, y, x]) for c in range(classes)]
            total = sum(math.exp(value) for value in values)
            loss = 0
            for c, value in enumerate(values):
                wanted = 1 - smoothing if c == seed[y, x] else smoothing / (classes - 1)
                loss -= wanted * math.log(math.exp(value) / total)
            losses["background" if seed[y, x] == 0 else "objects"].append(loss)
    return sum(sum(part) / len(part) for part in losses.values() if part) / 2


@given(st.integers(0, 10**6), st.sampled_from([3, 21, 81]), st.sampled_from([0.0, 0.4]))
def test_the_loss_equals_loops(seed, classes, smoothing):
    generator = np.random.default_rng(seed)
    logits = torch.from_numpy(generator.normal(size=(2, classes, 3, 2)) * 3)
    seeds = generator.choice([0, 1, classes - 1, 255], (2, 3, 2)).astype(np.uint8)
    found = balanced_smoothed_loss(logits, torch.from_numpy(seeds), smoothing)
    assert float(found) == pytest.approx(slow_loss(logits, seeds, smoothing), rel=1e-6)


def test_a_batch_without_objects_background_or_either_has_a_finite_loss():
    logits = torch.randn(1, 4, 2, 2, requires_grad=True)
    for value in (0, 3, 255):
        seeds = torch.full((1, 2, 2), value, dtype=torch.uint8)
        loss = balanced_smoothed_loss(logits, seeds, 0.4)
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(logits.grad).all()
        assert (float(loss.detach()) == 0) == (value == 255)


def test_the_loss_is_balanced():
    logits = torch.zeros(1, 3, 10, 10, dtype=torch.float64)
    logits[:, 0] = 5
    seeds = torch.zeros(1, 10, 10, dtype=torch.uint8)
    seeds[0, 0, 0] = 2
    one_object = balanced_smoothed_loss(logits, seeds, 0.0)
    seeds[0, :5] = 2
    assert float(balanced_smoothed_loss(logits, seeds, 0.0)) == pytest.approx(float(one_object))


def test_manipulation_equals_loops():
    generator = np.random.default_rng(0)
    maps = torch.from_numpy(generator.random((2, 4, 5), dtype=np.float32)) * 0.3
    seed = torch.from_numpy(generator.choice([0, 2, 255], (4, 5)).astype(np.uint8))
    found = manipulate(maps, seed)
    for k in range(2):
        values = maps[k].flatten().tolist()
        for y, x in np.ndindex(4, 5):
            value = float(maps[k, y, x])
            if seed[y, x] != 0:
                value = (value - min(values)) / (max(values) - min(values) + 1e-5)
            assert float(found[k, y, x]) == pytest.approx(value, abs=1e-6)


def slow_maps(model, image, classes, seed, scales):
    """The maps one view at a time, through every layer by itself."""
    height, width = image.shape[:2]
    size = (-(-height // 4), -(-width // 4))
    target = torch.zeros(model.num_classes)
    for class_id in classes:
        target[class_id - 1] = 1
    weights = model.label_encoder.weight @ target + model.label_encoder.bias
    total = torch.zeros(model.num_classes + 1, *size)
    for scale in scales:
        for mirrored in (False, True):
            view = rescale_image(image, scale)
            view = view[:, ::-1] if mirrored else view
            features = model.backbone(torch.from_numpy(normalise(view))[None])[-1]
            features = features * weights.reshape(1, -1, 1, 1)
            logits = 0
            for rate, layer in zip(model.rates, model.pyramid, strict=True):
                logits = logits + torch.nn.functional.conv2d(
                    features, layer.weight, layer.bias, padding=rate, dilation=rate
                )
            logits = logits.flip(-1) if mirrored else logits
            total += torch.nn.functional.interpolate(
                logits, size=size, mode="bilinear", align_corners=False
            )[0]
    total = total / (2 * len(scales))
    probabilities = total.exp() / total.exp().sum(dim=0)
    small = torch.from_numpy(seed[2::4, 2::4].copy())
    maps = []
    for class_id in classes:
        one = probabilities[class_id]
        spread = (one - one.min()) / (one.max() - one.min() + 1e-5)
        maps.append(torch.where(small == 0, one, spread))
    return torch.stack(maps).detach().numpy()


@pytest.mark.parametrize(
    ("backbone", "classes"), [("tiny", (2, 5)), ("tiny", (1, 80)), ("resnet50", (80,))]
)
def test_maps_equal_one_view_at_a_time(backbone, classes):
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (36, 64, 3)).astype(np.uint8)
    seed = generator.choice([0, 255, classes[0]], (36, 64)).astype(np.uint8)
    model = network(max(classes), backbone)
    parameters = published("amn.cam", scales=(1.0, 0.5, 1.5))
    found = amn_maps(model, image, classes, seed, parameters, CPU)
    assert found.shape == (len(classes), 9, 16)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    assert np.allclose(found, slow_maps(model, image, classes, seed, parameters.scales), atol=1e-4)


def test_without_class_and_without_mirror():
    image = np.random.default_rng(0).integers(0, 256, (20, 23, 3)).astype(np.uint8)
    parameters = published("amn.cam", scales=(1.0,), flip=False)
    seed = np.zeros((20, 23), dtype=np.uint8)
    assert amn_maps(network(), image, (), seed, parameters, CPU).shape == (0, 5, 6)
    model, target = network(), torch.tensor([[0.0, 1, 0, 0, 0]])
    with torch.no_grad():
        logits = model(torch.from_numpy(normalise(image))[None], target)[0]
    found = amn_maps(model, image, (2,), seed, parameters, CPU)
    assert np.allclose(found[0], logits.softmax(dim=0)[2], atol=1e-6)


def test_the_classes_of_an_image_condition_its_maps():
    image = np.random.default_rng(0).integers(0, 256, (20, 24, 3)).astype(np.uint8)
    seed = np.full((20, 24), 255, dtype=np.uint8)
    model = network()
    alone = amn_maps(model, image, (2,), seed, published("amn.cam"), CPU)
    joined = amn_maps(model, image, (2, 3), seed, published("amn.cam"), CPU)
    assert np.abs(alone[0] - joined[0]).max() > 1e-3


def test_what_is_trained_and_how_fast():
    classifier = Classifier("resnet50", 5)
    parameters = published("amn.amn", weights=None)
    model = initial_network(parameters, 5, classifier)
    backbone, new = adam(model, parameters).param_groups
    assert (backbone["lr"], new["lr"]) == (5e-6, 1e-4)
    assert backbone["weight_decay"] == new["weight_decay"] == 1e-4
    assert len(new["params"]) == 2 + 2 * 4
    fixed = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert fixed == {name for name, _ in model.named_parameters() if "stages.stem" in name}
    norms = [m for m in model.backbone.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == 53
    assert not any(norm.training for norm in norms)
    assert model.dropout.p == 0.1
    assert model.dropout.training
    assert [layer.dilation for layer in model.pyramid] == [(r, r) for r in (6, 12, 18, 24)]
    assert all(layer.weight.shape == (6, 2048, 3, 3) for layer in model.pyramid)


@pytest.fixture
def seeds(squares, tmp_path):
    with write_labels(tmp_path / "seeds.zip") as archive:
        for image_id in squares.split("train"):
            archive.write(image_id, squares.read_semantic(image_id))
    return LabelArchives([tmp_path / "seeds.zip"])


def trained(squares, seeds, path, parameters=TINY, seed=3, workers=0):
    torch.manual_seed(0)
    classifier = Classifier("tiny", 3).eval()
    model = train_amn(
        TrainingContext(squares, squares.split("train"), seed=seed, device=CPU, workers=workers),
        seeds,
        classifier,
        parameters,
    )
    save_amn(path, model)
    return path.read_bytes()


def test_same_seed_same_bytes_whoever_loads(squares, seeds, tmp_path):
    first = trained(squares, seeds, tmp_path / "a.pth")
    torch.rand(5)
    assert trained(squares, seeds, tmp_path / "b.pth", workers=2) == first
    assert trained(squares, seeds, tmp_path / "c.pth", seed=4) != first


def test_learns_the_seeds(squares, seeds, tmp_path):
    trained(squares, seeds, tmp_path / "a.pth", TINY.model_copy(update={"epochs": 40}))
    model = load_amn(tmp_path / "a.pth", 3)
    right = []
    for image_id in squares.split("train"):
        image, truth = squares.read_image(image_id), squares.read_semantic(image_id)
        target = torch.from_numpy(multi_hot(squares, image_id))[None]
        with torch.no_grad():
            logits = model(torch.from_numpy(normalise(image))[None], target)[0]
        small = truth[2::4, 2::4]
        found = logits.argmax(dim=0).numpy()[: small.shape[0], : small.shape[1]]
        right += list((found == small)[(small > 0) & (small < 255)])
    assert np.mean(right) > 0.8


def test_a_sample_has_image_seed_and_classes(eighty, tmp_path):
    with write_labels(tmp_path / "seeds.zip") as archive:
        for image_id in eighty.split("train"):
            archive.write(image_id, eighty.read_semantic(image_id))
    archives = LabelArchives([tmp_path / "seeds.zip"])
    sample = AmnSample(eighty, archives, TINY, stride=16)
    image, seed, target = sample("wide", np.random.default_rng(0))
    assert (image.shape, seed.shape, target.shape) == ((3, 32, 32), (2, 2), (80,))
    assert np.flatnonzero(target).tolist() == [0, 79]
    for image_id in ("grey", "empty"):
        image, _, target = sample(image_id, np.random.default_rng(0))
        assert image.shape == (3, 32, 32)
        assert target.sum() == len(eighty.image_classes.get(image_id, ()))


def test_other_files_are_refused(tmp_path):
    save_classifier(tmp_path / "classifier.pth", Classifier("tiny", 3))
    with pytest.raises(BadInputError, match="train-amn"):
        load_amn(tmp_path / "classifier.pth", 3)
    save_amn(tmp_path / "amn.pth", network(20))
    assert load_amn(tmp_path / "amn.pth", 20).rates == (1, 3)
    with pytest.raises(BadInputError, match="20 classes"):
        load_amn(tmp_path / "amn.pth", 80)


def test_the_classifier_must_have_the_same_network():
    with pytest.raises(BadInputError, match="resnet50, AMN a tiny"):
        initial_network(TINY, 3, Classifier("resnet50", 3))


def test_a_seed_of_another_size_is_named(squares, tmp_path):
    with write_labels(tmp_path / "seeds.zip") as archive:
        for image_id in squares.split("train"):
            archive.write(image_id, np.zeros((9, 9), dtype=np.uint8))
    with pytest.raises(BadInputError, match="9×9 pixels"):
        trained(squares, LabelArchives([tmp_path / "seeds.zip"]), tmp_path / "a.pth")
