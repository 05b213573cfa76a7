import pytest
import torch
import torchvision
from published_settings import published
from pydantic import ValidationError

from smallobjects.backbones.backbone import STAGES
from smallobjects.backbones.table import build_backbone, known_backbones
from smallobjects.errors import BadInputError


@pytest.fixture(scope="module")
def resnet_weights(tmp_path_factory):
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "resnet50.pth"
    torch.save(torchvision.models.resnet50(weights=None).state_dict(), path)
    return path


@pytest.mark.parametrize("network", known_backbones())
@pytest.mark.parametrize("size", [(64, 64), (50, 83)])
def test_stages_have_their_shapes(network, size):
    backbone = build_backbone(network).eval()
    with torch.no_grad():
        outputs = backbone(torch.randn(1, 3, *size))
    for output, shape in zip(outputs, backbone.shapes, strict=True):
        expected = [-(-side // shape.stride) for side in size]
        assert list(output.shape) == [1, shape.channels, *expected]


def test_resnet50_is_torchvisions_but_for_the_last_stride(resnet_weights):
    backbone = build_backbone("resnet50", resnet_weights).eval()
    reference = torchvision.models.resnet50(weights=None)
    reference.load_state_dict(torch.load(resnet_weights, weights_only=True))
    reference.eval()
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        features = reference.maxpool(reference.relu(reference.bn1(reference.conv1(images))))
        for stage in (reference.layer1, reference.layer2, reference.layer3):
            features = stage(features)
        outputs = backbone(images)
        assert torch.equal(outputs[3], features)
        assert outputs[4].shape == (1, 2048, 4, 4)
    convolutions = [m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    assert all(convolution.dilation == (1, 1) for convolution in convolutions)
    assert len(convolutions) == 53
    assert len(backbone.state_dict()) == len(reference.state_dict()) - 2


def test_wrong_weights_are_refused(tmp_path):
    with pytest.raises(BadInputError, match="no such file"):
        build_backbone("resnet50", tmp_path / "missing.pth")
    text = tmp_path / "text.pth"
    text.write_text("no weights")
    with pytest.raises(BadInputError, match=r"text\.pth"):
        build_backbone("resnet50", text)
    other = tmp_path / "other.pth"
    torch.save({"some.weight": torch.zeros(1)}, other)
    with pytest.raises(BadInputError, match="keys are missing"):
        build_backbone("resnet50", other)
    shape = tmp_path / "shape.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, shape)
    with pytest.raises(BadInputError, match=r"shape\.pth"):
        build_backbone("resnet50", shape)
    with pytest.raises(BadInputError, match="tiny"):
        build_backbone("tiny", other)


def test_an_unknown_backbone_is_refused_with_a_hint():
    with pytest.raises(ValidationError, match=r"there are .*tiny.*Did you mean resnet50"):
        published("irn.classifier", network="resnet_50")
    with pytest.raises(ValueError, match="no such backbone"):
        build_backbone("resnet_50")


@pytest.mark.parametrize("first", [*STAGES, None])
@pytest.mark.parametrize("mode", ["frozen", "trained"])
def test_what_trains_and_whose_statistics_move(first, mode):
    backbone = build_backbone("tiny")
    backbone.train_stages(first)
    backbone.set_statistics(mode)
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    output = backbone(torch.randn(2, 3, 16, 16))[-1]
    if first is not None:
        output.square().sum().backward()
    start = len(STAGES) if first is None else STAGES.index(first)
    for index, stage in enumerate(backbone.stages.values()):
        assert all((p.grad is not None) == (index >= start) for p in stage.parameters())
    for key, value in backbone.state_dict().items():
        stage = STAGES.index(key.split(".")[1])
        moves = "running" in key and mode == "trained" and stage >= start
        if "num_batches" not in key:
            assert torch.equal(value, before[key]) != moves
