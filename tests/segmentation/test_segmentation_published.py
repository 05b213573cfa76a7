"""The networks of config/segmentors at their published sizes, without weights."""

import pytest
import timm
import torch
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from smallobjects.config import load
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.configuration import fill_schedule
from smallobjects.segmentation.network_settings import with_classes

NETWORKS = ("fcn", "pspnet", "deeplabv1", "deeplabv1_resnet", "deeplabv2", "segmenter")
DILATED_RESNET_50 = 23_508_032  # torchvision's 25,557,032 without its classifier of 2,049,000
DILATED_RESNET_101 = 42_500_160  # 44,549,160 without the same
VGG_16 = 14_714_688  # torchvision's 138,357,544 without its classifier of 123,642,856
AUXILIARY = 1024 * 9 * 256 + 2 * 256 + 256 * 21 + 21
LAST = 512 * 21 + 21
# Weights of 3×3 convolutions and their BatchNorm, on 2048 channels and 512.
FCN_HEAD = (2048 + 512 + 2560) * 9 * 512 + 3 * 2 * 512 + LAST
PSP_HEAD = 4 * (2048 * 512 + 2 * 512) + 4096 * 9 * 512 + 2 * 512 + LAST
LARGE_FOV = (512 * 9 * 1024 + 1024) + (1024 * 1024 + 1024)


@pytest.fixture(scope="module")
def settings(repository):
    init_default_scope("mmseg")
    experiment = load(repository / "config/config.yaml", {"scale": "paper"})
    return {name: experiment.segmentor(name, "full", "voc") for name in NETWORKS}


def build(parameters):
    model = with_classes(parameters.model, 21) | {"data_preprocessor": None}
    model["backbone"] = model["backbone"] | {"init_cfg": None}
    return MODELS.build(ConfigDict(model))


@pytest.fixture(scope="module", params=NETWORKS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def segmentor(settings, name):
    return build(settings[name]).eval()


def count(module, trained=False):
    return sum(each.numel() for each in module.parameters() if each.requires_grad or not trained)


def decoder_of_segmenter(width=768, classes=21):
    norms = 2 * (2 * width)
    block = norms + 4 * (width * width + width) + 8 * width * width + 5 * width
    projections = (width * width + width) + 2 * width * width
    return 2 * block + projections + classes * width + 2 * width + 2 * classes


def test_parameters(segmentor, name):
    expected = {
        "fcn": (DILATED_RESNET_50, FCN_HEAD),
        "pspnet": (DILATED_RESNET_50, PSP_HEAD),
        "deeplabv1": (VGG_16 + LARGE_FOV, 1024 * 21 + 21),
        "deeplabv1_resnet": (DILATED_RESNET_101, 2048 * 21 + 21),
        "deeplabv2": (DILATED_RESNET_101, 4 * (2048 * 9 * 21 + 21)),
        "segmenter": (
            count(timm.create_model("vit_base_patch16_384", num_classes=0, img_size=512)),
            decoder_of_segmenter(),
        ),
    }
    assert (count(segmentor.backbone), count(segmentor.decode_head)) == expected[name]
    auxiliary = count(segmentor.auxiliary_head) if segmentor.with_auxiliary_head else 0
    assert auxiliary == (AUXILIARY if name in ("fcn", "pspnet") else 0)


def test_totals_as_they_are_published(settings):
    """EasyCV lists FCN with 49M; LargeFOV is known as `vgg16_20M`."""
    assert round(count(build(settings["fcn"])) / 1e6) == 49
    assert int(count(build(settings["deeplabv1"])) / 1e6) == 20


def test_output_stride(segmentor, settings, name):
    stride = 16 if name == "segmenter" else 8
    crop = settings[name].model["data_preprocessor"]["size"][0]
    small = segmentor.to("meta") if name != "segmenter" else segmentor
    device = next(small.parameters()).device
    with torch.no_grad():
        logits = small(torch.zeros(1, 3, crop, crop, device=device), mode="tensor")
    # DeepLab's crops are 8 n + 1 pixels, of which the first and the last have logits.
    assert tuple(logits.shape) == (1, 21, *2 * [-(-crop // stride)])


def test_dilations(segmentor, name):
    if name == "segmenter":
        assert not any(isinstance(m, torch.nn.Conv2d) and m.dilation != (1, 1) for m in
                       segmentor.modules())  # fmt: skip
    elif name == "deeplabv1":
        convolutions = [m for m in segmentor.backbone.features if isinstance(m, torch.nn.Conv2d)]
        assert [m.dilation[0] for m in convolutions] == [1] * 10 + [2] * 3
        assert segmentor.backbone.fc6.dilation == (12, 12)
    else:
        contracted = name in ("fcn", "pspnet")
        for stage, dilation in (("layer3", 2), ("layer4", 4)):
            blocks = getattr(segmentor.backbone, stage)
            expected = [dilation // 2 if contracted else dilation]
            expected += [dilation] * (len(blocks) - 1)
            assert [block.conv2.dilation[0] for block in blocks] == expected


def test_batch_norm_is_frozen_where_it_is_published_so(segmentor, name):
    segmentor.train()
    norms = [m for m in segmentor.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    frozen = {"deeplabv1_resnet": 104, "deeplabv2": 104}
    trained = {"fcn": 53 + 3 + 1, "pspnet": 53 + 5 + 1}
    assert sum(not norm.training for norm in norms) == frozen.get(name, 0)
    assert sum(norm.training for norm in norms) == trained.get(name, 0)
    assert all(norm.weight.requires_grad == norm.training for norm in norms)
    segmentor.eval()


def test_deeplabv2_sees_three_sizes(settings):
    with torch.device("meta"):
        segmentor = build(settings["deeplabv2"])
    # Without the affine parameters of the frozen BatchNorm.
    assert count(segmentor, trained=True) == 43_943_188
    logits = segmentor.multi_scale_logits(torch.zeros(1, 3, 321, 321, device="meta"))
    sizes = {name: tuple(each.shape[1:]) for name, each in logits.items()}
    assert sizes == {
        "scale_1": (21, 41, 41),
        "scale_0.5": (21, 20, 20),
        "scale_0.75": (21, 30, 30),
        "max": (21, 41, 41),
    }


# Rate and decay of the backbone, of the weights of the head, and of its last biases; batch.
OPTIMISED = {
    "fcn": ((0.01, 5e-4), (0.01, 5e-4), (0.01, 5e-4), 16),
    "pspnet": ((0.01, 5e-4), (0.01, 5e-4), (0.01, 5e-4), 16),
    "deeplabv1": ((1e-3, 5e-4), (1e-2, 5e-4), (1e-2, 5e-4), 20),
    "deeplabv1_resnet": ((2.5e-4, 5e-4), (2.5e-3, 5e-4), (5e-3, 0), 10),
    "deeplabv2": ((2.5e-4, 5e-4), (2.5e-3, 5e-4), (5e-3, 0), 10),
    "segmenter": ((1e-3, 0), (1e-3, 0), (1e-3, 0), 8),
}


def test_learning_rates(segmentor, settings, name):
    parameters = settings[name]
    optimizer = build_optim_wrapper(segmentor, ConfigDict(parameters.optim_wrapper)).optimizer
    backbone, head, biases, batch_size = OPTIMISED[name]
    groups = {id(each): group for group in optimizer.param_groups for each in group["params"]}
    for key, parameter in segmentor.named_parameters():
        if not parameter.requires_grad:
            continue
        group = groups[id(parameter)]
        last = key.startswith(("decode_head.branches", "decode_head.conv_seg"))
        expected = backbone
        if key.startswith("decode_head"):
            expected = biases if last and key.endswith("bias") else head
        assert (group["lr"], group["weight_decay"]) == pytest.approx(expected), key
    assert parameters.schedule.batch_size == batch_size
    assert (parameters.schedule.iterations, parameters.schedule.shared_iterations) == (30000, 25000)


@pytest.mark.parametrize("dataset", ["voc", "coco"])
def test_no_strength_that_is_configured_diverges(segmentor, repository, name, dataset):
    """What EWC would refuse at the switch after hours of training."""
    from smallobjects.segmentation.consolidation import check_stable

    experiment = load(repository / "config/config.yaml", {"scale": "paper"})
    parameters = experiment.segmentor(name, "full", dataset)
    schedule = parameters.schedule
    (scheduler,) = fill_schedule(parameters.param_scheduler, schedule.iterations)
    left = 1 - schedule.shared_iterations / (scheduler["end"] - 1)
    optimizer = build_optim_wrapper(segmentor, ConfigDict(parameters.optim_wrapper)).optimizer
    for group in optimizer.param_groups:
        first, last = group["lr"], scheduler["eta_min"]
        group["lr"] = (first - last) * left ** scheduler["power"] + last
    for strength in (parameters.ewc.strength, *parameters.ablation.strength):
        check_stable(optimizer, strength)
