"""What NS-ROM and RCA share: gathered attention, its store, its fusion with saliency, training."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.attention.accumulation import AttentionAccumulator
from smallobjects.pseudo_labels.attention.fusion import fuse, void_without_objects
from smallobjects.pseudo_labels.attention.optimiser import parameter_groups, rate_factor
from smallobjects.pseudo_labels.attention.samples import SquareSample, jitter_colours, squeeze
from smallobjects.pseudo_labels.attention.scores import AttentionLabels
from smallobjects.pseudo_labels.attention.store import enlarge, read_attention, write_attention
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.augmentation import normalise
from smallobjects.pseudo_labels.training.sampling import SampleSequence

IDS = ["2007_000032", "000000000009", "c"]
CLASSES = {"2007_000032": (1, 3), "000000000009": (2,)}
EPOCHS = 4


def visits(seed):
    """What a training shows: per epoch and image the maps and probabilities of three classes."""
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(EPOCHS):
        for image_id in IDS:
            maps = torch.randn(3, 4, 5, generator=generator)
            yield epoch, image_id, maps, torch.rand(3, generator=generator) * 0.4


def target(image_id):
    return torch.tensor([float(c in CLASSES.get(image_id, ())) for c in (1, 2, 3)])


def gather(seen, least, batch=1):
    accumulator = AttentionAccumulator(EPOCHS, least)
    for start in range(0, len(seen), batch):
        epochs, ids, maps, probabilities = zip(*seen[start : start + batch], strict=True)
        targets = torch.stack([target(image_id) for image_id in ids])
        accumulator.add(
            list(ids), targets, torch.stack(maps), torch.stack(probabilities), epochs[0]
        )
    return {image_id: maps for image_id, (_, maps) in accumulator.maps(IDS, CLASSES)}


def one_by_one(seen, least):
    """As the public code does it, with a dictionary in place of its files."""
    files = {}
    for epoch, image_id, maps, probabilities in seen:
        if epoch == 0:
            continue
        for class_id in CLASSES.get(image_id, ()):
            key = image_id, class_id
            level = np.zeros((4, 5), dtype=int)
            values = maps[class_id - 1].numpy().clip(min=0)
            for place in np.ndindex(4, 5):
                level[place] = int(np.rint(values[place] / (values.max() + 1e-8) * 255))
            if epoch == EPOCHS - 1 and key not in files:
                files[key] = level
            elif probabilities[class_id - 1] >= least:
                files[key] = np.maximum(files.get(key, 0), level)
    return files


@pytest.mark.parametrize("least", [0.0, 0.1, 0.25, 0.35, 0.9])
@pytest.mark.parametrize("seed", [0, 1])
def test_maps_are_gathered_as_one_by_one(least, seed):
    seen = list(visits(seed))
    expected, found = one_by_one(seen, least), gather(seen, least)
    for image_id, classes in CLASSES.items():
        for place, class_id in enumerate(classes):
            assert np.array_equal(found[image_id][place], expected[image_id, class_id])
    assert found["c"].shape == (0, 4, 5)
    assert any(not np.array_equal(gather(seen, 0.0)[i], gather(seen, 0.9)[i]) for i in CLASSES)


@given(st.permutations(IDS), st.integers(0, 3))
def test_order_batches_and_repetition_do_not_matter(order, repeated):
    seen = list(visits(5))
    again = sorted(seen, key=lambda visit: (visit[0], order.index(visit[1])))
    again += [visit for visit in seen if visit[0] == EPOCHS - 1][:repeated]
    expected, found = gather(seen, 0.2), gather(again, 0.2)
    batched = gather(seen, 0.2, batch=len(IDS))
    for image_id in IDS:
        assert np.array_equal(expected[image_id], found[image_id])
        assert np.array_equal(expected[image_id], batched[image_id])


def test_an_image_that_was_never_seen_is_an_error():
    with pytest.raises(KeyError):
        gather([visit for visit in visits(0) if visit[1] != IDS[0]], 0.0)


def test_the_store_keeps_maps_and_their_bytes(tmp_path):
    generator = np.random.default_rng(0)
    maps = {
        "2007_000032": (np.array([1, 80], np.uint8), generator.integers(0, 256, (2, 3, 4))),
        "none": (np.zeros(0, np.uint8), np.zeros((0, 3, 4), np.uint8)),
    }
    for name in ("a.npz", "b.npz"):
        write_attention(tmp_path / name, maps.items())
    found = read_attention(tmp_path / "a.npz", ["none", "2007_000032"])
    for image_id, arrays in maps.items():
        for expected, array in zip(arrays, found[image_id], strict=True):
            assert np.array_equal(expected, array)
            assert array.dtype == np.uint8
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_wrong_store_is_refused_and_a_half_one_never_appears(tmp_path):
    path = tmp_path / "maps.npz"

    def stopped():
        yield "a", (np.zeros(0, np.uint8), np.zeros((0, 2, 2), np.uint8))
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_attention(path, stopped())
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"no maps")
    with pytest.raises(BadInputError, match=r"maps\.npz.*make it again"):
        read_attention(path, [])
    write_attention(path, [("a", (np.zeros(0, np.uint8), np.zeros((0, 2, 2), np.uint8)))])
    with pytest.raises(BadInputError, match=r"maps\.npz: no attention maps of image b; make"):
        read_attention(path, ["a", "b"])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadInputError, match=r"maps\.npz"):
        read_attention(path, ["a"])


def test_maps_are_enlarged_as_opencv_does_and_stretched():
    maps = np.random.default_rng(1).integers(0, 256, (2, 6, 6)).astype(np.uint8)
    maps[1] = 7
    for mode, flag in (("bicubic", cv2.INTER_CUBIC), ("bilinear", cv2.INTER_LINEAR)):
        found = enlarge(maps, 31, 44, mode)
        levels = cv2.resize(maps[0], (44, 31), interpolation=flag).astype(float)
        expected = (levels - levels.min()) / (levels.max() - levels.min())
        assert np.abs(found[0] - expected).max() <= 1.01 / 200
        assert not found[1].any()
    assert enlarge(maps[:0], 5, 6, "bilinear").shape == (0, 5, 6)


def pixel_by_pixel(classes, maps, saliency, parameters):
    label = np.zeros(saliency.shape, dtype=int)
    for y, x in np.ndindex(saliency.shape):
        planes = [1 - np.float32(saliency[y, x]) / 255, *maps[:, y, x]]
        planes = [0 if plane < parameters.attention_threshold else plane for plane in planes]
        best = max(range(len(planes)), key=lambda index: (planes[index], -index))
        label[y, x] = 0 if best == 0 else classes[best - 1]
        if sum(plane > parameters.conflict_threshold for plane in planes) > 1:
            label[y, x] = 255
        high = 255 if any(m > parameters.salient_attention for m in maps[:, y, x]) else 0
        if label[y, x] == 0 and max(saliency[y, x], high) >= parameters.least_saliency:
            label[y, x] = 255
    return label


@pytest.mark.parametrize("cut", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_fusion_is_that_of_every_pixel(cut, seed):
    generator = np.random.default_rng(seed)
    classes = np.array([2, 5, 80][:seed], dtype=np.uint8)
    maps = generator.random((len(classes), 20, 24)).astype(np.float32) ** 0.3
    saliency = (generator.random((20, 24)) ** 2 * 255).astype(np.uint8)
    parameters = published("rca.labels", attention_threshold=cut)
    found = fuse(classes, maps, saliency, parameters)
    assert np.array_equal(found, pixel_by_pixel(classes, maps, saliency, parameters))
    assert found.dtype == np.uint8
    assert {0, 255} <= set(np.unique(found)) <= {0, 255, *classes.tolist()}


@pytest.mark.parametrize(("pixels", "stays"), [(0, False), (9, False), (10, True), (1000, True)])
def test_a_label_with_too_few_objects_is_void(pixels, stays):
    label = np.full(1000, 255, dtype=np.uint8)
    label[500:] = 0
    label[:pixels] = 7
    found = void_without_objects(label.reshape(20, 50), 0.01)
    assert np.array_equal(found, label.reshape(20, 50)) == stays
    assert stays or (found == 255).all()


def test_squares_have_the_whole_image(squares):
    image = squares.read_image("wide")
    assert squeeze(image, 64).shape == (64, 64, 3)
    sample = SquareSample(squares, ["grey", "wide", "empty"], 32, (0, 0, 0, 0))
    for number, (image_id, classes) in enumerate((("grey", [3]), ("wide", [2, 3]), ("empty", []))):
        made, target, place = sample(image_id, np.random.default_rng(0))
        assert np.array_equal(made, normalise(squeeze(squares.read_image(image_id), 32)))
        assert (np.flatnonzero(target) + 1).tolist() == classes
        assert place == number


def test_colours_change_within_their_limits_and_by_their_generator_alone():
    image = np.random.default_rng(0).integers(60, 190, (9, 8, 3)).astype(np.uint8)
    brighter = [
        jitter_colours(image, (0.3, 0, 0, 0), np.random.default_rng(seed)).astype(float)
        for seed in range(30)
    ]
    factors = [(made / image).mean() for made in brighter]
    assert 0.69 < min(factors) < 0.85 < 1.15 < max(factors) < 1.31
    twice = [
        jitter_colours(image, (0.3, 0.3, 0.3, 0.1), np.random.default_rng(4)) for _ in range(2)
    ]
    assert np.array_equal(*twice)
    assert not np.array_equal(twice[0], image)


def test_rates_by_layer_and_epoch():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.Conv2d(4, 5, 1))
    parameters = published("nsrom.integral", learning_rate=0.001, epochs=15)
    rates = {
        id(parameter): group["lr"]
        for group in parameter_groups(network, [network[1]], parameters)
        for parameter in group["params"]
    }
    expected = [(network[0], 0.001, 0.002), (network[1], 0.01, 0.02)]
    for layer, weight, bias in expected:
        assert rates[id(layer.weight)] == pytest.approx(weight)
        assert rates[id(layer.bias)] == pytest.approx(bias)
    steps = 15 * 7
    factors = [rate_factor(step, steps, parameters) for step in range(steps)]
    for step, factor in enumerate(factors):
        assert factor == pytest.approx(0.1 ** ((step // 7 >= 5) + (step // 7 >= 10)))
    rising = parameters.model_copy(update={"schedule": "one-cycle"})
    assert max(rate_factor(step, steps, rising) for step in range(steps)) == pytest.approx(
        1, rel=1e-3
    )


@given(st.integers(1, 20), st.integers(1, 7), st.integers(1, 3))
def test_complete_epochs_have_every_image(images, batch_size, epochs):
    ids = [f"{number}" for number in range(images)]
    samples = SampleSequence(ids, None, batch_size=batch_size, epochs=epochs, seed=3, complete=True)
    per_epoch = samples.steps_per_epoch * batch_size
    assert len(samples) == per_epoch * epochs
    assert 0 <= per_epoch - images < batch_size
    for epoch in range(epochs):
        places = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        assert {samples.image_id(place) for place in places} == set(ids)


def test_maps_alone_are_labels_above_the_background_score(squares):
    maps = np.zeros((1, 4, 4), dtype=np.uint8)
    maps[0, :, :2] = 255
    label = AttentionLabels(squares, {"grey": (np.array([3]), maps)}, 0.5)("grey")
    height, width = squares.read_semantic("grey").shape
    assert label.shape == (height, width)
    assert (label[:, : width // 2 - 1] == 3).all()
    assert not label[:, width // 2 + 1 :].any()
