"""config/segmentors/deeplabv2.py at its published size, without weights."""

import copy

import pytest
import torch
import torchvision
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.network_settings import with_classes
from smallobjects.segmentation.training import missing_weights


@pytest.fixture(scope="module")
def published(repository):
    init_default_scope("mmseg")
    return Config.fromfile(repository / "config" / "segmentors" / "deeplabv2.py").to_dict()


@pytest.fixture(scope="module")
def segmentor(published):
    with torch.device("meta"):
        return MODELS.build(ConfigDict(with_classes(published["model"], 21)))


def test_parameters_and_output_stride(segmentor):
    def count(module):
        return sum(each.numel() for each in module.parameters())

    # torchvision's ResNet-101 has 44,549,160, of which 2,049,000 are its classifier.
    assert count(segmentor.backbone) == 42_500_160
    assert count(segmentor.decode_head) == 4 * (2048 * 9 * 21 + 21)
    trained = sum(each.numel() for each in segmentor.parameters() if each.requires_grad)
    # Without the affine parameters of the frozen BatchNorm.
    assert trained == 43_943_188
    logits = segmentor.multi_scale_logits(torch.zeros(1, 3, 321, 321, device="meta"))
    sizes = {name: tuple(each.shape[1:]) for name, each in logits.items()}
    assert sizes == {
        "scale_1": (21, 41, 41),
        "scale_0.5": (21, 20, 20),
        "scale_0.75": (21, 30, 30),
        "max": (21, 41, 41),
    }


def test_batch_norm_stays_frozen_in_training(segmentor):
    segmentor.train()
    norms = [m for m in segmentor.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == 104
    assert not any(norm.training or norm.weight.requires_grad for norm in norms)


def test_every_residual_block_of_a_stage_is_dilated(segmentor):
    for stage, dilation in (("layer3", 2), ("layer4", 4)):
        for block in getattr(segmentor.backbone, stage):
            assert block.conv2.dilation == (dilation, dilation)


def test_torchvision_weights_fit(published, tmp_path):
    network = torchvision.models.resnet101(weights=None).eval()
    path = tmp_path / "resnet101.pth"
    torch.save(network.state_dict(), path)
    settings = copy.deepcopy(published["model"]["backbone"])
    settings["init_cfg"]["checkpoint"] = str(path)
    assert missing_weights(settings, path) == []
    backbone = MODELS.build(settings)
    backbone.init_weights()
    result = backbone.load_state_dict(network.state_dict(), strict=False)
    assert result.missing_keys == []
    assert set(result.unexpected_keys) == {"fc.weight", "fc.bias"}
    # Up to stride 8 the two networks are the same.
    backbone.eval()
    image = torch.randn(1, 3, 41, 33)
    with torch.no_grad():
        expected = network.layer1(network.maxpool(network.relu(network.bn1(network.conv1(image)))))
        expected = network.layer2(expected)
        torch.testing.assert_close(backbone(image)[1], expected)


def test_learning_rates_of_the_head(published):
    from mmengine.optim import build_optim_wrapper

    model = MODELS.build(
        ConfigDict(
            with_classes(
                published["model"]
                | {"backbone": {"type": "TinyBackbone"}}
                | {"decode_head": published["model"]["decode_head"] | {"in_channels": 64}},
                21,
            )
        )
    )
    optimizer = build_optim_wrapper(model, ConfigDict(published["optim_wrapper"])).optimizer
    groups = {id(group["params"][0]): group for group in optimizer.param_groups}
    for name, parameter in model.named_parameters():
        group = groups[id(parameter)]
        head, bias = name.startswith("decode_head"), name.endswith("bias")
        factor = 20 if head and bias else 10 if head else 1
        assert group["lr"] == pytest.approx(2.5e-4 * factor), name
        assert group["weight_decay"] == (0 if head and bias else 5e-4), name
