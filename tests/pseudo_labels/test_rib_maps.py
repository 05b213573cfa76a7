"""RIB on one image, against its formulas written as loops and one view at a time."""

import importlib.util
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.maps import multi_scale_cam
from smallobjects.pseudo_labels.rib.maps import (
    ImageTuning,
    TunableClassifier,
    has_exploded,
    pool_non_discriminative,
    rib_maps,
)

CPU = torch.device("cpu")
CAM = published("rib.cam", scales=(1.0, 0.5, 1.5))
TUNED = published(
    "rib.rib",
    steps=3,
    learning_rate=0.05,
    head_learning_rate=0.5,
    momentum=0.3,
    weight_decay=0.01,
    loss_scales=(1.0, 1.5),
    explosion_share=1.0,
)


@pytest.fixture(scope="module")
def reference(repository):
    """The script that times RIB holds its form one view and one companion at a time."""
    path = repository / "benchmarks" / "rib.py"
    spec = importlib.util.spec_from_file_location("rib_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def classifier(classes=5, network="tiny"):
    torch.manual_seed(0)
    return Classifier(network, classes).eval()


def picture(height=27, width=42, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def companions(reference, count, steps, classes, taken):
    generator = torch.Generator().manual_seed(1)
    return reference.random_companions(count, steps, 24, classes, taken, generator)


def tuned(model, image, classes, batches, cam=CAM, parameters=TUNED):
    network = TunableClassifier(model, parameters)
    return rib_maps(network, image, classes, iter(batches), cam, parameters, CPU)


def test_without_steps_it_is_the_plain_map():
    model, parameters = classifier(), TUNED.model_copy(update={"steps": 0})
    plain = multi_scale_cam(model, picture(), (2, 5), CAM, CPU)
    maps, updates = tuned(model, picture(), (2, 5), [], parameters=parameters)
    assert updates == 0
    assert np.array_equal(maps, plain)


@pytest.mark.parametrize(("network", "num_classes"), [("tiny", 5), ("tiny", 80), ("resnet50", 80)])
@pytest.mark.parametrize("flip", [True, False])
def test_equals_one_view_and_one_companion_at_a_time(reference, network, num_classes, flip):
    classes = (2, num_classes)
    cam = CAM.model_copy(update={"flip": flip})
    rate = 0.05 if network == "tiny" else 1e-4
    parameters = TUNED.model_copy(update={"learning_rate": rate, "head_learning_rate": 10 * rate})
    batches = companions(reference, 4, 3, num_classes, classes)
    model = classifier(num_classes, network)
    plain = multi_scale_cam(model, picture(), classes, cam, CPU)
    maps, updates = tuned(model, picture(), classes, batches, cam, parameters)
    slow = reference.one_by_one(
        classifier(num_classes, network), picture(), classes, batches, cam, parameters
    )
    assert updates == 3
    assert np.abs(maps - plain).max() > 0.01
    assert np.allclose(maps, slow, atol=1e-4)


def test_the_weights_are_restored_even_after_an_error(reference):
    model = classifier()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    network = TunableClassifier(model, TUNED)
    batches = companions(reference, 4, 3, 5, (2,))

    def maps_of(seed):
        return rib_maps(network, picture(seed=seed), (2,), iter(batches), CAM, TUNED, CPU)[0]

    first = maps_of(0)
    maps_of(1)
    assert np.array_equal(maps_of(0), first)

    def broken():
        yield batches[0]
        raise OSError

    with pytest.raises(OSError):
        rib_maps(network, picture(), (2,), broken(), CAM, TUNED, CPU)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key


@given(st.integers(0, 10**6), st.sampled_from([0.2, 0.4, 1.0]), st.sampled_from([-3.0, 0.0, 0.5]))
def test_pooling_equals_its_formula(seed, threshold, shift):
    maps = torch.randn(2, 80, 3, 4, generator=torch.Generator().manual_seed(seed)) + shift
    found = pool_non_discriminative(maps, threshold)
    for n in range(2):
        for c in (0, 19, 20, 79):
            values = maps[n, c].flatten().tolist()
            pooled = [z for z in values if z / max(values) < threshold]
            assert math.isclose(found[n, c], sum(pooled) / 12, rel_tol=1e-4, abs_tol=1e-5)


def test_the_pooling_mask_has_no_gradient():
    maps = torch.tensor([[[[4.0, 1.0], [-2.0, 3.0]]]], requires_grad=True)
    pool_non_discriminative(maps, 0.5).sum().backward()
    assert maps.grad.tolist() == [[[[0, 0.25], [0.25, 0]]]]


def test_companions_without_a_class_of_their_own_change_nothing(reference):
    [batch] = companions(reference, 4, 1, 5, (2,))
    parameters = TUNED.model_copy(update={"steps": 1})
    alone, _ = tuned(classifier(), picture(), (2,), [], parameters=parameters)
    empty = (batch[0], torch.zeros_like(batch[1]))
    silent, _ = tuned(classifier(), picture(), (2,), [empty], parameters=parameters)
    joined, _ = tuned(classifier(), picture(), (2,), [batch], parameters=parameters)
    nobody = (batch[0][:0], batch[1][:0])
    none, _ = tuned(classifier(), picture(), (2,), [nobody], parameters=parameters)
    assert np.allclose(silent, alone, atol=1e-6)
    assert np.array_equal(none, alone)
    assert np.abs(joined - alone).max() > 1e-3


def test_stops_when_the_logits_are_large(reference):
    batches = companions(reference, 4, 3, 5, (2,))
    parameters = TUNED.model_copy(update={"stop_logits": 1e-6})
    maps, updates = tuned(classifier(), picture(), (2,), batches, parameters=parameters)
    assert updates == 1
    plain = multi_scale_cam(classifier(), picture(), (2,), CAM, CPU)
    # The state that stops is not looked at, so the untouched classifier's maps are all there is.
    assert np.array_equal(maps, plain)
    slow = reference.one_by_one(classifier(), picture(), (2,), batches, CAM, parameters)
    assert np.allclose(maps, slow, atol=1e-5)


def test_logits_are_large_on_either_side_of_0():
    """The maps' sum over pixels that are not discriminative is below 0 for some classes here."""
    still = {"learning_rate": 0.0, "head_learning_rate": 0.0, "loss_scales": (1.0,)}
    signs = set()
    for class_id in range(1, 6):
        for limit, expected in [(1e-6, 1), (1e6, TUNED.steps)]:
            parameters = TUNED.model_copy(update={**still, "stop_logits": limit})
            _, updates = tuned(classifier(), picture(), (class_id,), [], parameters=parameters)
            assert updates == expected
        network = TunableClassifier(classifier(), parameters)
        tuning = ImageTuning(network, picture(), (class_id,), CAM, parameters, CPU)
        signs.add(math.copysign(1, tuning.backward(tuning.maps(last=False), None)))
    assert signs == {-1, 1}


def test_stops_when_the_maps_explode(reference):
    batches = companions(reference, 4, 3, 5, (2,))
    parameters = TUNED.model_copy(update={"explosion_threshold": 0.0, "explosion_share": 1e-6})
    maps, updates = tuned(classifier(), picture(), (2,), batches, parameters=parameters)
    assert updates == 1
    assert np.array_equal(maps, multi_scale_cam(classifier(), picture(), (2,), CAM, CPU))


def test_explosion_counts_the_pixels_active_in_any_map():
    maps = torch.zeros(2, 2, 5)
    maps[0, 0] = 7
    maps[1, 1, :2] = torch.tensor([1.0, 0.5])
    assert not has_exploded(maps, 0.4, 0.7)
    assert has_exploded(maps, 0.4, 0.69)
    assert not has_exploded(maps, 0.6, 0.69)
    assert not has_exploded(torch.zeros(1, 2, 2), 0.3, 0.1)


def test_maps_that_are_not_finite_are_an_error(reference):
    parameters = TUNED.model_copy(update={"learning_rate": 1e30, "head_learning_rate": 1e30})
    endless = parameters.model_copy(update={"stop_logits": float("inf")})
    batches = companions(reference, 4, 3, 5, (2,))
    with pytest.raises(FloatingPointError, match="learning rate"):
        tuned(classifier(), picture(), (2,), batches, parameters=endless)
