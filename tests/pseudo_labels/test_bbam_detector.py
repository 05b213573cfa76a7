"""BBAM's detector: its networks, its samples and its training."""

import numpy as np
import pytest
import torch
import torchvision
from published_settings import published
from tiny_detector import NETWORK, TINY
from torchvision.ops import roi_align

from smallobjects.pseudo_labels.bbam.detector import (
    Detector,
    around_boxes,
    fill_up,
    load_detector,
    save_detector,
)
from smallobjects.pseudo_labels.bbam.training import (
    DetectionSample,
    detection_scale,
    gradient_descent,
    prepare_training,
    rate_factor,
    train_detector,
)
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.pseudo_labels.training.context import TrainingContext

SMALL = published(
    "bbam.detector",
    **NETWORK,
    trained_from="stem",
    batch_norm="trained",
    short_sides=(40,),
    longest_side=160,
    jittered=4,
    batch_size=4,
    steps=150,
    learning_rate=0.1,
    schedule="one-cycle",
)


@pytest.fixture(scope="module")
def trained(squares):
    torch.set_num_threads(1)
    return train_detector(
        TrainingContext(squares, squares.split("train"), seed=0, device=torch.device("cpu")), SMALL
    )


def test_it_learns_what_boxes_show(squares, trained):
    boxes, right, total = AnnotatedBoxes(squares), 0, 0
    for image_id in squares.split("train"):
        shape = squares.read_image(image_id).shape[:2]
        objects = boxes.of(image_id, shape)
        if not objects:
            continue
        sample = DetectionSample(squares, boxes, SMALL)
        image, size, rows = sample(image_id, np.random.default_rng(0))
        assert image.shape[1:] == tuple(size)
        corners = torch.from_numpy(rows[:, 1:])
        logits, _ = trained.classify(fill_up(torch.from_numpy(image)[None]), [corners])
        right += int((logits.argmax(1) == torch.from_numpy(rows[:, 0])).sum())
        total += len(rows)
    assert right > 0.7 * total


@pytest.mark.parametrize("shape", [(64, 64), (20, 150), (33, 40)])
def test_boxes_are_read_at_the_scale_of_the_features(shape):
    """Wide images, filled up, must not mislead the scale that torchvision finds by itself."""
    torch.manual_seed(0)
    detector = Detector(TINY, 3).eval()
    images = fill_up(torch.randn(1, 3, *shape))
    assert images.shape[2] % 32 == images.shape[3] % 32 == 0
    boxes = torch.tensor([[2.0, 3.0, 17.0, 15.0], [0.0, 0.0, 39.0, 19.0]])
    logits, regressions = detector.classify(images, [boxes])
    features = detector.parts.backbone(images)["0"]
    pooled = roi_align(features, [boxes], 5, spatial_scale=0.25, sampling_ratio=2)
    heads = detector.parts.roi_heads
    expected = heads.box_predictor(heads.box_head(pooled))
    assert torch.allclose(logits, expected[0], atol=1e-5)
    assert torch.allclose(regressions.flatten(1), expected[1], atol=1e-5)
    moved = detector.regressed(torch.zeros(2, 3, 4), boxes)
    assert torch.allclose(moved, boxes[:, None].expand(2, 3, 4))


def test_the_published_network_takes_torchvision_weights_and_freezes_its_first_layers(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "resnet50.pth"
    pretrained = torchvision.models.resnet50(weights=None)
    torch.save(pretrained.state_dict(), path)
    parameters = published("bbam.detector", network="resnet50_fpn")
    detector = Detector(parameters, 5, path)
    prepare_training(detector, parameters)
    stages = detector.parts.backbone.backbone.stages
    assert torch.equal(stages["layer4"][0].conv2.weight, pretrained.layer4[0].conv2.weight)
    assert detector.parts.rpn.anchor_generator.sizes == ((32,), (64,), (128,), (256,), (512,))
    boxes = torch.tensor([[[2.0, 5.0, 6.0, 50.0, 60.0], [0.0] * 5], [[0.0] * 5] * 2])
    loss = detector.losses(
        torch.randn(2, 3, 70, 90), torch.tensor([[70, 80], [60, 90]]), boxes, jittered=2
    )
    loss.backward()
    assert torch.isfinite(loss)
    groups = gradient_descent(detector, published("bbam.detector")).param_groups
    assert [group["lr"] for group in groups] == [0.01, 0.02]
    assert [group["weight_decay"] for group in groups] == [1e-4, 0]
    optimised = {id(value) for group in groups for value in group["params"]}
    for name, value in detector.named_parameters():
        first = name.startswith(
            ("parts.backbone.backbone.stages.stem", "parts.backbone.backbone.stages.layer1")
        )
        normalises = "backbone.stages" in name and (".bn" in name or ".downsample.1" in name)
        assert (id(value) in optimised) == (not first and not normalises), name
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(BadInputError, match="does not fit ResNet-50"):
        Detector(parameters, 5, path)
    with pytest.raises(BadInputError, match="use null"):
        Detector(TINY, 5, path)


def test_pooling_leaves_the_demand_for_deterministic_algorithms_as_it_was(trained):
    images, boxes = torch.randn(1, 3, 64, 64), [torch.tensor([[4.0, 4.0, 40.0, 30.0]])]
    states = [(True, True), (True, False), (False, False)]
    try:
        for enabled, warn_only in states:
            torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
            trained.classify(images, boxes)
            assert torch.are_deterministic_algorithms_enabled() == enabled
            assert torch.is_deterministic_algorithms_warn_only_enabled() == warn_only
    finally:
        torch.use_deterministic_algorithms(False)


def test_images_are_resized_by_the_short_side_up_to_the_longest():
    assert detection_scale((400, 500), 800, 1333) == 2
    assert detection_scale((100, 500), 800, 1000) == 2


def test_rates():
    parameters = published("bbam.detector", steps=100, warm_up=10, decay_at=(50, 80))
    assert rate_factor(0, parameters) == pytest.approx(1 / 3)
    assert rate_factor(5, parameters) == pytest.approx(2 / 3)
    factors = [rate_factor(step, parameters) for step in (10, 49, 50, 79, 80)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_boxes_around_objects():
    torch.manual_seed(0)
    boxes = torch.tensor([[10.0, 20.0, 30.0, 30.0], [0.0, 0.0, 5.0, 5.0]])
    around = around_boxes(boxes, 200).view(200, 2, 4)
    shifts = (around - boxes).abs() / torch.tensor([[20.0, 10, 20, 10], [5, 5, 5, 5]])
    assert shifts.max() <= 0.3
    assert shifts.amax(dim=0).min() > 0.25
    assert around_boxes(boxes[:0], 3).shape == (0, 4)
    assert around_boxes(boxes, 0).shape == (0, 4)


def test_a_detector_is_the_same_after_loading(trained, tmp_path):
    save_detector(tmp_path / "a.pth", trained)
    loaded = load_detector(tmp_path / "a.pth", 4)
    assert not any(value.requires_grad for value in loaded.parameters())
    images, boxes = torch.randn(1, 3, 64, 64), [torch.tensor([[4.0, 4.0, 40.0, 30.0]])]
    for one, other in zip(
        loaded.classify(images, boxes), trained.classify(images, boxes), strict=True
    ):
        assert torch.equal(one, other)
    with pytest.raises(BadInputError, match="4 classes, but the dataset has 81"):
        load_detector(tmp_path / "a.pth", 81)
