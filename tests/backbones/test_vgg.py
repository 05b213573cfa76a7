import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from smallobjects.backbones.table import build_backbone
from smallobjects.backbones.vgg import vgg16_stages
from smallobjects.errors import BadInputError


@pytest.fixture(scope="module")
def state():
    """Return the convolutions of a torchvision VGG-16, and one layer of its classifier."""
    torch.manual_seed(3)
    features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
    named = {f"features.{key}": value for key, value in features.state_dict().items()}
    return {**named, "classifier.6.bias": torch.zeros(1000)}


@pytest.fixture(scope="module")
def weights(state, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "vgg16.pth"
    torch.save(state, path)
    return path


def convolution(images, state, index, dilation=1):
    kernel, bias = state[f"features.{index}.weight"], state[f"features.{index}.bias"]
    outputs = functional.conv2d(images, kernel, bias, padding=dilation, dilation=dilation)
    return functional.relu(outputs)


def reference(images, state, pooling, padding):
    """Return the outputs of the five blocks by torch's functions, from the public layout."""
    outputs, features = [], images
    for block in ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)):
        if block[0] == 24:
            features = functional.max_pool2d(features, 3, stride=1, padding=1)
        elif block[0] > 0:
            features = functional.max_pool2d(features, pooling, stride=2, padding=padding)
        for index in block:
            features = convolution(features, state, index, 2 if block[0] == 24 else 1)
        outputs.append(features)
    return outputs


@pytest.mark.parametrize(("pooling", "padding"), [(2, 0), (3, 1)])
def test_every_block_is_that_of_the_public_layout(state, weights, pooling, padding):
    stages, _ = vgg16_stages(weights, pooling=pooling)
    features = images = torch.randn(2, 3, 48, 64, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        for stage, expected in zip(stages, reference(images, state, pooling, padding), strict=True):
            features = stage(features)
            torch.testing.assert_close(features, expected, rtol=1e-5, atol=1e-6)


def test_the_last_layers_are_those_of_large_field_of_view(weights):
    torch.manual_seed(5)
    backbone = build_backbone("vgg16_fc", weights).eval()
    *_, fc6, fc7 = [m for m in backbone.modules() if isinstance(m, nn.Conv2d)]
    images = torch.randn(1, 3, 33, 40)
    with torch.no_grad():
        blocks = vgg16_stages(weights, pooling=3)[0]
        features = nn.Sequential(*blocks)(images)
        features = functional.avg_pool2d(functional.max_pool2d(features, 3, 1, 1), 3, 1, 1)
        features = functional.conv2d(features, fc6.weight, fc6.bias, padding=1).relu()
        features = functional.conv2d(features, fc7.weight, fc7.bias).relu()
        torch.testing.assert_close(backbone(images)[-1], features, rtol=1e-5, atol=1e-6)
    wide = vgg16_stages(fully_connected=True, dilation=12)[0][4]
    assert [m.dilation for m in wide if isinstance(m, nn.Conv2d)] == [(2, 2)] * 3 + [
        (12, 12),
        (1, 1),
    ]


@pytest.mark.parametrize("network", ["vgg16", "vgg16_fc"])
def test_weights_load_with_nothing_missing_or_not_at_all(network, state, tmp_path):
    path = tmp_path / "vgg16.pth"
    torch.save({key: value for key, value in state.items() if key != "features.28.bias"}, path)
    with pytest.raises(BadInputError, match=r"VGG-16: 1 keys are missing.*features\.28\.bias"):
        build_backbone(network, path)
    torch.save({**state, "features.30.weight": torch.zeros(1)}, path)
    with pytest.raises(BadInputError, match=r"1 are unknown.*features\.30"):
        build_backbone(network, path)
