"""The head, the multi-scale wrapper and the small backbone, against their definitions."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models.decode_heads.fcn_head import FCNHead
from mmseg.structures import SegDataSample

import smallobjects.segmentation.modules  # noqa: F401
from smallobjects.losses import nearest_labels, size_weights, weighted_cross_entropy
from smallobjects.segmentation.deeplabv2 import DeepLabV2Head
from smallobjects.segmentation.multi_scale import MultiScaleSegmentor
from smallobjects.segmentation.tiny_backbone import TinyBackbone

LOSS = {"type": "mmseg.SizeWeightedCrossEntropy", "tau": 5.0}


@pytest.fixture
def segmentor():
    torch.manual_seed(0)
    model = MultiScaleSegmentor(
        backbone={"type": "mmseg.TinyBackbone", "channels": (6, 6), "strides": (2, 2),
                  "dilations": (1, 1)},
        decode_head={"type": "mmseg.DeepLabV2Head", "in_channels": 6, "dilations": (1, 2),
                     "num_classes": 4, "loss_decode": LOSS},
        test_cfg={"mode": "whole"},
    )  # fmt: skip
    model.init_weights()
    for branch in model.decode_head.branches:
        torch.nn.init.normal_(branch.weight)
    return model.eval()


def samples(labels):
    return [SegDataSample(gt_sem_seg=PixelData(data=each[None])) for each in labels]


def test_the_head_sums_dilated_convolutions():
    head = DeepLabV2Head(5, num_classes=3, loss_decode=LOSS)
    features = torch.randn(2, 5, 30, 31)
    expected = torch.zeros(2, 3, 30, 31)
    for branch, dilation in zip(head.branches, (6, 12, 18, 24), strict=True):
        expected += F.conv2d(
            features, branch.weight, branch.bias, padding=dilation, dilation=dilation
        )
    torch.testing.assert_close(head([features]), expected)


def test_the_head_starts_from_a_narrow_normal_without_bias():
    head = DeepLabV2Head(256, num_classes=21, loss_decode=LOSS)
    head.init_weights()
    names = {name.split(".")[0] for name, _ in head.named_parameters()}
    assert names == {"branches"}
    for branch in head.branches:
        assert branch.weight.std().item() == pytest.approx(0.01, rel=0.02)
        assert (branch.bias == 0).all()


def test_outputs_of_several_scales_and_their_maximum(segmentor):
    images = torch.randn(2, 3, 64, 48)
    logits = segmentor.multi_scale_logits(images)
    shapes = {name: tuple(each.shape) for name, each in logits.items()}
    assert shapes == {
        "scale_1": (2, 4, 16, 12),
        "scale_0.5": (2, 4, 8, 6),
        "scale_0.75": (2, 4, 12, 9),
        "max": (2, 4, 16, 12),
    }
    plain = segmentor.decode_head(segmentor.backbone(images))
    torch.testing.assert_close(logits["scale_1"], plain)
    half = F.interpolate(images, scale_factor=0.5, mode="bilinear", align_corners=False)
    torch.testing.assert_close(logits["scale_0.5"], segmentor.decode_head(segmentor.backbone(half)))
    expected = plain
    for name in ("scale_0.5", "scale_0.75"):
        enlarged = F.interpolate(logits[name], (16, 12), mode="bilinear", align_corners=False)
        expected = torch.maximum(expected, enlarged)
    torch.testing.assert_close(logits["max"], expected)


def test_the_loss_sums_every_output_at_its_own_resolution(segmentor):
    images = torch.randn(2, 3, 32, 32)
    labels = torch.zeros(2, 32, 32, dtype=torch.int64)
    labels[0, 3:9, 4:30] = 1
    labels[0, 20:24, 20:24] = 2
    labels[1, :, 16:] = 255
    losses = segmentor.loss(images, samples(labels))
    assert set(losses) == {f"{name}.loss_ce" for name in segmentor.multi_scale_logits(images)}
    for name, logits in segmentor.multi_scale_logits(images).items():
        small = nearest_labels(labels, logits.shape[2:])
        expected = weighted_cross_entropy(logits, small, size_weights(small, 5.0))
        torch.testing.assert_close(losses[f"{name}.loss_ce"], expected)
    total, _ = segmentor.parse_losses(losses)
    torch.testing.assert_close(total, sum(losses.values()))


def test_the_loss_serves_any_head_of_mmsegmentation(segmentor):
    head = FCNHead(in_channels=6, channels=4, num_classes=4, loss_decode=LOSS)
    labels = torch.zeros(1, 32, 32, dtype=torch.int64)
    labels[0, 2:6, 2:6], labels[0, 10:30, 10:30] = 1, 2
    logits = torch.randn(1, 4, 8, 8)
    enlarged = F.interpolate(logits, (32, 32), mode="bilinear", align_corners=False)
    expected = weighted_cross_entropy(enlarged, labels, size_weights(labels, 5.0))
    torch.testing.assert_close(head.loss_by_feat(logits, samples(labels))["loss_ce"], expected)


def test_weights_found_beforehand_are_used(segmentor):
    loss = segmentor.decode_head.loss_decode
    logits, labels = torch.randn(1, 4, 6, 6), torch.randint(0, 4, (1, 6, 6))
    weights = torch.rand(1, 6, 6)
    expected = weighted_cross_entropy(logits, labels, weights)
    torch.testing.assert_close(loss(logits, labels, weight=weights), expected)


def test_an_auxiliary_head_is_refused():
    with pytest.raises(ValueError, match="auxiliary_head"):
        MultiScaleSegmentor(backbone={}, decode_head={}, auxiliary_head={"type": "FCNHead"})


def test_the_small_backbone_has_a_stride_and_trains_its_batch_norm():
    backbone = TinyBackbone()
    maps = backbone.train()(torch.randn(2, 3, 96, 64))
    assert [tuple(each.shape[1:]) for each in maps] == [
        (16, 48, 32),
        (32, 24, 16),
        (64, 24, 16),
        (64, 24, 16),
    ]
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    assert backbone.blocks[0][1].num_batches_tracked == 1
    with pytest.raises(ValueError, match="one entry per block"):
        TinyBackbone(channels=(8, 8))
