"""Published weights: nothing of them is lost, and those of another network are refused."""

import copy

import numpy as np
import pytest
import timm
import torch
import torchvision
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from safetensors.torch import save_file

from smallobjects.config import load
from smallobjects.segmentation import modules as _registered  # noqa: F401
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.pretrained import check_pretrained, read_pretrained, weights_for

TORCHVISION = {
    "fcn": "resnet50",
    "pspnet": "resnet50",
    "deeplabv1": "vgg16",
    "deeplabv1_resnet": "resnet101",
    "deeplabv2": "resnet101",
}


@pytest.fixture(scope="module")
def settings(repository):
    init_default_scope("mmseg")
    experiment = load(repository / "config/config.yaml", {"scale": "paper"})

    def of(name):
        return copy.deepcopy(experiment.segmentor(name, "full", "voc").model["backbone"])

    return of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Random weights of the real architectures, saved as they are published."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(3)
    for name in set(TORCHVISION.values()):
        network = getattr(torchvision.models, name)(weights=None)
        torch.save(network.state_dict(), folder / f"{name}.pth")
    network = timm.create_model("vit_base_patch16_384").eval()
    torch.nn.init.normal_(network.pos_embed, std=0.5)
    torch.save(network.state_dict(), folder / "vit.pth")
    return folder


def started(backbone, path):
    """The backbone with the weights in a file, as a training starts from it."""
    backbone["init_cfg"]["checkpoint"] = str(path)
    check_pretrained(backbone)
    network = MODELS.build(backbone)
    network.init_weights()
    network.eval()
    return network


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_weights_fit(settings, files, name):
    path = files / f"{TORCHVISION[name]}.pth"
    published = torch.load(path)
    backbone = started(settings(name), path)
    own = backbone.state_dict()
    left = published.keys() - own.keys()
    heads = {"vgg16": "classifier."}.get(TORCHVISION[name], "fc.")
    assert left
    assert all(key.startswith(heads) for key in left)
    same = [key for key in own if key in published]
    assert all(torch.equal(own[key], published[key]) for key in same)
    assert own.keys() - same == ({"fc6.weight", "fc6.bias", "fc7.weight", "fc7.bias"}
                                 if name == "deeplabv1" else set())  # fmt: skip


def test_resnets_are_torchvisions_up_to_stride_8(settings, files):
    network = torchvision.models.resnet50(weights=None).eval()
    network.load_state_dict(torch.load(files / "resnet50.pth"))
    backbone = started(settings("fcn"), files / "resnet50.pth")
    image = torch.randn(1, 3, 41, 33)
    with torch.no_grad():
        expected = network.maxpool(network.relu(network.bn1(network.conv1(image))))
        expected = network.layer2(network.layer1(expected))
        torch.testing.assert_close(backbone(image)[1], expected)


def test_large_fov_thins_the_classifier_out(settings, files):
    published = torch.load(files / "vgg16.pth")
    backbone = started(settings("deeplabv1"), files / "vgg16.pth")
    window = published["classifier.0.weight"].reshape(4096, 512, 7, 7)
    for own, theirs in ((0, 0), (5, 20), (1023, 4092)):
        for row in range(3):
            for column in range(3):
                expected = window[theirs, :, 3 * row, 3 * column]
                assert torch.equal(backbone.fc6.weight[own, :, row, column], expected)
        assert backbone.fc6.bias[own] == published["classifier.0.bias"][theirs]
        for other, their_other in ((1, 4), (700, 2800)):
            expected = published["classifier.3.weight"][theirs, their_other]
            assert backbone.fc7.weight[own, other, 0, 0] == expected
        assert backbone.fc7.bias[own] == published["classifier.3.bias"][theirs]


def test_large_fov_is_vgg_up_to_the_first_pooling(settings, files):
    network = torchvision.models.vgg16(weights=None)
    network.load_state_dict(torch.load(files / "vgg16.pth"))
    backbone = started(settings("deeplabv1"), files / "vgg16.pth")
    image = torch.randn(1, 3, 20, 23)
    with torch.no_grad():
        expected = torch.nn.functional.max_pool2d(network.features[:4](image), 3, 2, 1)
        found = backbone.features[:5](image)[..., : expected.shape[2], : expected.shape[3]]
        torch.testing.assert_close(found, expected)


def vit_at_its_own_size(settings):
    backbone = settings("segmenter")
    backbone["img_size"] = (384, 384)
    return backbone


@pytest.fixture(scope="module")
def timm_features(files):
    """What timm makes of an image with the weights in the file."""
    network = timm.create_model("vit_base_patch16_384").eval()
    network.load_state_dict(torch.load(files / "vit.pth"))
    torch.manual_seed(1)
    image = torch.randn(1, 3, 384, 384)
    with torch.no_grad():
        tokens = network.forward_features(image)[:, 1:]
    return image, tokens.transpose(1, 2).reshape(1, 768, 24, 24)


def assert_same_features(network, timm_features):
    image, expected = timm_features
    with torch.no_grad():
        torch.testing.assert_close(network(image)[0], expected, rtol=1e-4, atol=1e-4)


def test_timm_weights_give_timms_features(settings, files, timm_features):
    network = started(vit_at_its_own_size(settings), files / "vit.pth")
    assert_same_features(network, timm_features)


def test_weights_of_mmsegmentation_give_the_same(settings, files, timm_features, tmp_path):
    network = started(vit_at_its_own_size(settings), files / "vit.pth")
    path = tmp_path / "vit_base_p16_384.pth"
    torch.save({"state_dict": network.state_dict()}, path)
    again = started(vit_at_its_own_size(settings), path)
    assert all(torch.equal(a, b) for a, b in zip(
        network.state_dict().values(), again.state_dict().values(), strict=True
    ))  # fmt: skip


def write_jax(weights, path):
    """The arrays of google-research/vision_transformer, from timm's names."""
    arrays = {
        "cls": weights["cls_token"],
        "embedding/kernel": weights["patch_embed.proj.weight"].permute(2, 3, 1, 0),
        "embedding/bias": weights["patch_embed.proj.bias"],
        "Transformer/posembed_input/pos_embedding": weights["pos_embed"],
        "Transformer/encoder_norm/scale": weights["norm.weight"],
        "Transformer/encoder_norm/bias": weights["norm.bias"],
        "head/kernel": weights["head.weight"].T,
        "head/bias": weights["head.bias"],
    }
    for number in range(12):
        ours, theirs = f"blocks.{number}", f"Transformer/encoderblock_{number}"
        attention = f"{theirs}/MultiHeadDotProductAttention_1"
        for norm, layer in (("norm1", "LayerNorm_0"), ("norm2", "LayerNorm_2")):
            arrays[f"{theirs}/{layer}/scale"] = weights[f"{ours}.{norm}.weight"]
            arrays[f"{theirs}/{layer}/bias"] = weights[f"{ours}.{norm}.bias"]
        parts = weights[f"{ours}.attn.qkv.weight"].chunk(3)
        biases = weights[f"{ours}.attn.qkv.bias"].chunk(3)
        for part, bias, name in zip(parts, biases, ("query", "key", "value"), strict=True):
            arrays[f"{attention}/{name}/kernel"] = part.T.reshape(768, 12, 64)
            arrays[f"{attention}/{name}/bias"] = bias.reshape(12, 64)
        arrays[f"{attention}/out/kernel"] = weights[f"{ours}.attn.proj.weight"].T.reshape(
            12, 64, 768
        )
        arrays[f"{attention}/out/bias"] = weights[f"{ours}.attn.proj.bias"]
        for layer, name in (("Dense_0", "fc1"), ("Dense_1", "fc2")):
            dense = f"{theirs}/MlpBlock_3/{layer}"
            arrays[f"{dense}/kernel"] = weights[f"{ours}.mlp.{name}.weight"].T
            arrays[f"{dense}/bias"] = weights[f"{ours}.mlp.{name}.bias"]
    np.savez(path, **{name: each.numpy() for name, each in arrays.items()})


def test_googles_arrays_are_read_as_timm_reads_them(settings, files, timm_features, tmp_path):
    path = tmp_path / "vit.npz"
    write_jax(torch.load(files / "vit.pth"), path)
    by_timm = timm.create_model("vit_base_patch16_384")
    by_timm.load_pretrained(str(path))
    expected = torch.load(files / "vit.pth")
    assert all(torch.equal(each, expected[name]) for name, each in by_timm.state_dict().items())
    assert_same_features(started(vit_at_its_own_size(settings), path), timm_features)


def test_position_embeddings_are_resized_to_the_crop(settings, files):
    network = started(settings("segmenter"), files / "vit.pth")
    published = torch.load(files / "vit.pth")["pos_embed"]
    grid = published[:, 1:].reshape(1, 24, 24, 768).permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(grid, (32, 32), mode="bicubic")
    expected = expected.flatten(2).transpose(1, 2)
    torch.testing.assert_close(network.pos_embed[:, 1:].detach(), expected)
    assert torch.equal(network.pos_embed[:, :1], published[:, :1])


WRONG = [
    ("fcn", "resnet101", "has layer3.6.conv1.weight, too"),
    ("deeplabv2", "resnet50", "lacks layer3.6.conv1.weight"),
    ("deeplabv1", "resnet50", "lacks features.0.weight"),
    ("segmenter", "resnet50", "lacks cls_token"),
    ("fcn", "vit", "lacks conv1.weight"),
]


@pytest.mark.parametrize(("name", "file", "difference"), WRONG)
def test_weights_of_another_network_are_refused_by_name(settings, files, name, file, difference):
    path = files / f"{file}.pth"
    backbone = settings(name)
    backbone["init_cfg"]["checkpoint"] = str(path)
    with pytest.raises(SegmentationError) as caught:
        check_pretrained(backbone)
    message = str(caught.value)
    assert message.startswith(f"{path}: not the weights of the backbone {backbone['type']}: it ")
    assert difference in message
    assert "take the weights of that network" in message


def test_a_vit_of_another_width_is_refused(settings, tmp_path):
    path = tmp_path / "small.pth"
    torch.save(timm.create_model("vit_small_patch16_384").state_dict(), path)
    backbone = settings("segmenter")
    backbone["init_cfg"]["checkpoint"] = str(path)
    with pytest.raises(SegmentationError, match=r"small\.pth.*of shape \(1, 1, 384\) instead of"):
        check_pretrained(backbone)


def test_files_without_counters_of_batch_norm_fit(settings, files, tmp_path):
    weights = torch.load(files / "resnet50.pth")
    older = {key: each for key, each in weights.items() if not key.endswith("batches_tracked")}
    assert len(older) < len(weights)
    torch.save(older, tmp_path / "older.pth")
    network = MODELS.build({**settings("fcn"), "init_cfg": None})
    assert weights_for(network, tmp_path / "older.pth").keys() == network.state_dict().keys()


def segmentor_of(weights):
    head = {"decode_head.conv_seg.bias": torch.zeros(21)}
    return {"meta": {}, "state_dict": {f"backbone.{k}": v for k, v in weights.items()} | head}


FORMS = {
    "MMSegmentation": lambda weights, path: torch.save(segmentor_of(weights), path),
    "parallel": lambda weights, path: torch.save(
        {"state_dict": {f"module.{name}": each for name, each in weights.items()}}, path
    ),
    "model": lambda weights, path: torch.save({"model": weights, "epoch": 1}, path),
    "safetensors": save_file,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "file"), [("fcn", "resnet50"), ("deeplabv1", "vgg16")])
def test_every_form_starts_the_same_network(settings, files, form, name, file, tmp_path):
    """MMEngine by itself looks for the names as they are, and leaves out what it does not find."""
    weights = torch.load(files / f"{file}.pth")
    FORMS[form](weights, tmp_path / "weights")
    network = started(settings(name), tmp_path / "weights").state_dict()
    found = [key for key in network if key in weights]
    assert len(found) > 20
    assert all(torch.equal(network[key], weights[key]) for key in found)


def test_stock_initialisation_leaves_nothing_out_in_silence(settings, files):
    backbone = settings("fcn")
    backbone["init_cfg"]["checkpoint"] = str(files / "resnet101.pth")
    with pytest.raises(SegmentationError, match="not the weights of the backbone"):
        MODELS.build(backbone).init_weights()


def test_the_network_that_weights_belong_to_is_named(settings, files):
    backbone = settings("fcn")
    backbone["init_cfg"]["checkpoint"] = str(files / "resnet101.pth")
    with pytest.raises(SegmentationError, match="it holds the weights of resnet101_fpn; take"):
        check_pretrained(backbone)


def test_a_folder_as_weights_is_one_line(settings, tmp_path):
    for name in ("fcn", "segmenter", "deeplabv1"):
        backbone = settings(name)
        backbone["init_cfg"]["checkpoint"] = str(tmp_path)
        with pytest.raises(SegmentationError, match=rf"^{tmp_path}: a folder, not a file .*$"):
            check_pretrained(backbone)


@pytest.mark.parametrize("name", ["broken.pth", "broken.npz", "list.pth", "page.npz"])
def test_files_that_are_no_weights_are_named(tmp_path, name):
    path = tmp_path / name
    if name == "list.pth":
        torch.save([1, 2], path)
    else:
        path.write_bytes(b"<html>" if name.startswith("page") else b"PK\x03\x04 cut off")
    with pytest.raises(SegmentationError, match=rf"{name}: cannot be read as pretrained weights"):
        read_pretrained(path)
    with pytest.raises(FileNotFoundError, match="no such pretrained weights"):
        read_pretrained(tmp_path / "gone.pth")
