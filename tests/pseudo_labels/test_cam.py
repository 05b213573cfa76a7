import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from published_settings import published

from smallobjects.pseudo_labels.cams.classifier import Classifier
from smallobjects.pseudo_labels.cams.maps import (
    label_by_argmax,
    multi_scale_cam,
    threshold_cam,
    to_image_size,
)
from smallobjects.pseudo_labels.training.augmentation import normalise

CPU = torch.device("cpu")


def classifier(network="tiny", classes=5):
    torch.manual_seed(0)
    return Classifier(network, classes).eval()


def slow_cam(network, image, classes, scales):
    height, width = image.shape[:2]
    size = (-(-height // 4), -(-width // 4))
    maps = []
    for class_id in classes:
        total = torch.zeros(size)
        for scale in scales:
            resized = Image.fromarray(image).resize(
                (round(width * scale), round(height * scale)), Image.Resampling.BICUBIC
            )
            for mirrored in (False, True):
                view = np.asarray(resized)[:, ::-1] if mirrored else np.asarray(resized)
                with torch.no_grad():
                    features = network.backbone(torch.from_numpy(normalise(view))[None])[-1]
                weights = network.head.weight[class_id - 1, :, 0, 0].detach()
                cam = torch.einsum("c,chw->hw", weights, features[0]).clamp(min=0)
                cam = cam.flip(-1) if mirrored else cam
                total += torch.nn.functional.interpolate(
                    cam[None, None], size=size, mode="bilinear", align_corners=False
                )[0, 0]
        maps.append(total / (total.max() + 1e-5))
    return torch.stack(maps).numpy()


@pytest.mark.parametrize("network", ["tiny", "resnet50"])
def test_equals_scales_and_mirrors_one_by_one(network):
    model = classifier(network)
    image = np.random.default_rng(0).integers(0, 256, (37, 66, 3)).astype(np.uint8)
    parameters = published("irn.cam", scales=(1.0, 0.5, 1.5))
    found = multi_scale_cam(model, image, (2, 5), parameters, CPU)
    assert found.shape == (2, 10, 17)
    assert found.dtype == np.float32
    assert np.allclose(found, slow_cam(model, image, (2, 5), (1.0, 0.5, 1.5)), atol=1e-4)
    assert 0 <= found.min() <= found.max() <= 1


def test_without_mirror_and_without_class():
    model = classifier(classes=80)
    image = np.random.default_rng(0).integers(0, 256, (16, 24, 3)).astype(np.uint8)
    single = published("irn.cam", scales=(1.0,), flip=False)
    found = multi_scale_cam(model, image, tuple(range(1, 81)), single, CPU)
    with torch.no_grad():
        maps = model.activation_maps(torch.from_numpy(normalise(image))[None])[0]
    maps = maps / (maps.amax(dim=(1, 2), keepdim=True) + 1e-5)
    assert np.allclose(found, maps.numpy(), atol=1e-6)
    assert multi_scale_cam(model, image, (), single, CPU).shape == (0, 4, 6)


def test_mirrored_image_has_mirrored_maps():
    model = classifier()
    image = np.random.default_rng(0).integers(0, 256, (32, 40, 3)).astype(np.uint8)
    parameters = published("irn.cam", scales=(1.0, 0.5))
    found = multi_scale_cam(model, image, (1, 3), parameters, CPU)
    mirrored = multi_scale_cam(model, image[:, ::-1], (1, 3), parameters, CPU)
    assert np.allclose(mirrored, found[..., ::-1], atol=1e-4)


@given(st.integers(1, 23), st.integers(1, 23))
def test_enlarged_maps_stay_over_their_pixels(height, width):
    rows, columns = -(-height // 4), -(-width // 4)
    # A ramp by cell is a ramp by pixel: (y − 1.5) / 4 at pixel y, inside the outer half cells.
    ramp = torch.arange(rows, dtype=torch.float32)[:, None].expand(rows, columns)
    full = to_image_size(ramp[None], height, width)[0]
    assert full.shape == (height, width)
    expected = ((torch.arange(height) - 1.5) / 4).clamp(0, rows - 1)
    assert torch.allclose(full, expected[:, None].expand(height, width), atol=1e-5)


@settings(deadline=None)
@given(st.integers(1, 80), st.integers(0, 10**6))
def test_argmax_equals_a_loop(count, seed):
    generator = np.random.default_rng(seed)
    classes = np.sort(generator.choice(np.arange(1, 91), count, replace=False))
    scores = generator.random((count, 3, 4))
    found = label_by_argmax(classes, scores, 0.6)
    for y in range(3):
        for x in range(4):
            candidates = [(0.6, 0), *zip(scores[:, y, x], classes, strict=True)]
            assert found[y, x] == max(candidates)[1]


@given(st.integers(1, 4), st.integers(0, 10**6))
def test_of_equal_scores_background_wins_then_the_first_class(count, seed):
    generator = np.random.default_rng(seed)
    classes = np.sort(generator.choice(np.arange(1, 91), count, replace=False))
    scores = generator.integers(0, 3, (count, 5, 6)) / 2
    found = label_by_argmax(classes, scores, 0.5)
    for y in range(5):
        for x in range(6):
            candidates = [(0.5, 0), *zip(scores[:, y, x], classes, strict=True)]
            highest = max(score for score, _ in candidates)
            assert found[y, x] == next(label for score, label in candidates if score == highest)


def test_threshold_cam():
    maps = np.zeros((1, 3, 3), dtype=np.float32)
    maps[0, 1, 1] = 1
    label = threshold_cam(np.array([9]), maps, 10, 11, 0.3)
    assert label.shape == (10, 11)
    assert label[5, 5] == 9
    assert label[0, 0] == 0
    empty = threshold_cam(np.array([], dtype=np.uint8), maps[:0], 10, 11, 0.3)
    assert empty.shape == (10, 11)
    assert not empty.any()
