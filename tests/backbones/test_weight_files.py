"""One reader for all weights that people bring; what is no weights is told apart."""

import argparse
import io

import numpy as np
import pytest
import timm
import torch
import torchvision
from mmengine.logging import HistoryBuffer, MessageHub
from PIL import Image
from safetensors.torch import save_file

from smallobjects.backbones.table import build_backbone, which_backbone
from smallobjects.backbones.torch_files import read_torch_file
from smallobjects.backbones.weight_files import read_weights
from smallobjects.errors import BadInputError

NETWORK = "efficientnet_lite0"


@pytest.fixture(scope="module")
def weights():
    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    return {name: each.contiguous() for name, each in network.state_dict().items()}


def under(prefix, weights):
    return {f"{prefix}{name}": each for name, each in weights.items()}


def mmengine_checkpoint(weights):
    """What MMEngine writes beside the weights, NumPy values and histories among it."""
    hub = MessageHub.get_instance("test of weights")
    hub.update_scalar("loss", 0.5)
    hub.update_info("iter", np.int64(7))
    return {
        "meta": {"epoch": 1, "seed": np.int64(3), "dataset_meta": {"palette": np.zeros((2, 3))}},
        "state_dict": weights,
        "message_hub": hub.state_dict() | {"more": HistoryBuffer([1.0], [1])},
        "param_schedulers": [{"last_step": 3, "rate": np.float64(0.1)}],
    }


def segmentor(weights):
    head = {"decode_head.conv_seg.weight": torch.zeros(21, 8, 1, 1)}
    return {"meta": {}, "state_dict": under("backbone.", weights) | head}


FORMS = {
    "state dict": lambda w: w,
    "older format of torch": lambda w: w,
    "checkpoint": lambda w: {"epoch": 3, "state_dict": w, "optimizer": {"lr": 0.1}},
    "DeiT": lambda w: {"model": w, "args": argparse.Namespace(lr=0.1, output=None)},
    "parallel": lambda w: {"state_dict": under("module.", w)},
    "Lightning": lambda w: {"state_dict": under("model.", w), "epoch": 2},
    "MMEngine": mmengine_checkpoint,
    "MMSegmentation": segmentor,
    "MMSegmentation, parallel": lambda w: {
        "state_dict": under("module.", segmentor(w)["state_dict"])
    },
    "detector": lambda w: under("backbone.body.", w) | {"rpn.head.weight": torch.zeros(3)},
    "half precision": lambda w: w,
    "compiled": lambda w: under("_orig_mod.", w),
    "compiled, parallel": lambda w: {"state_dict": under("_orig_mod.module.", w)},
    "under another name": lambda w: {"net": w, "optimizer": {"state": {}}, "epoch": 3},
}


@pytest.mark.parametrize("form", [*FORMS, "safetensors", "NumPy"])
@pytest.mark.parametrize("name", ["weights.pth", "a file without suffix"])
def test_every_form_gives_the_same_network(form, name, weights, tmp_path):
    path, given = tmp_path / name, weights
    if form == "safetensors":
        save_file(weights, path)
    elif form == "NumPy":
        with path.open("wb") as file:
            np.savez(file, **{key: each.numpy() for key, each in weights.items()})
    else:
        if form == "half precision":
            given = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
        newer = form != "older format of torch"
        torch.save(FORMS[form](given), path, _use_new_zipfile_serialization=newer)
    network = build_backbone(NETWORK, path)
    stem, deep = network.stages["stem"][1].weight, network.stages["layer4"][-2].weight
    assert torch.equal(stem, given["conv_stem.weight"].float())
    assert torch.equal(deep, given["conv_head.weight"].float())


class Network(torch.nn.Module):
    """A network that is saved whole, with a reference to its code."""


def image():
    content = io.BytesIO()
    Image.new("L", (4, 4)).save(content, "PNG")
    return content.getvalue()


def flipped(weights, tmp_path):
    torch.save(weights, tmp_path / "whole.pth")
    content = bytearray((tmp_path / "whole.pth").read_bytes())
    content[len(content) // 2] ^= 4
    return bytes(content)


def saved(value):
    content = io.BytesIO()
    torch.save(value, content)
    return content.getvalue()


def script():
    content = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), content)
    return content.getvalue()


def not_finite(value):
    def change(weights):
        changed = dict(weights)
        changed["bn1.bias"] = weights["bn1.bias"].clone()
        changed["bn1.bias"][3] = value
        return changed

    return change


OTHERS = {
    "web page": (lambda w, t: b"\n<!DOCTYPE html><html>", "it is a web page"),
    "empty": (lambda w, t: b"", "it is an empty file"),
    "pointer": (lambda w, t: b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    "packed": (lambda w, t: b"\x1f\x8b" + bytes(60), "packed archive"),
    "image": (lambda w, t: image(), "it is an image"),
    "text": (lambda w, t: b"hello", "damaged, or no file of torch"),
    "cut off": (lambda w, t: saved(w)[:50_000], "no whole zip archive"),
    "flipped bit": (flipped, "damaged: Bad CRC-32"),
    "whole network": (lambda w, t: saved(Network()), "test_weight_files.Network, which is code"),
    "TorchScript": (lambda w, t: script(), "TorchScript archive"),
    "list": (lambda w, t: saved([1, 2]), "no mapping of names to arrays"),
    "no arrays": (lambda w, t: saved({"epoch": 3}), "'epoch' is none"),
    "nothing": (lambda w, t: saved({}), "there is none"),
    "several": (lambda w, t: saved({"student": w, "teacher": w}), "several, 'student', 'teacher'"),
    "sparse": (lambda w, t: saved({"a": torch.eye(3).to_sparse()}), "a is no plain array"),
    "NaN of 8 bits": (
        lambda w, t: saved({"a": torch.tensor([np.nan]).to(torch.float8_e4m3fn)}),
        "a has NaN or infinite",
    ),
    "NaN": (lambda w, t: saved(not_finite(np.nan)(w)), r"bn1\.bias has NaN or infinite"),
    "infinite": (lambda w, t: saved(not_finite(-np.inf)(w)), r"bn1\.bias has NaN or infinite"),
    "safetensors, cut off": (
        lambda w, t: (save_file(w, t / "s"), (t / "s").read_bytes()[:90_000])[1],
        "damaged, or no file of safetensors",
    ),
    "zip of something": (lambda w, t: b"PK\x03\x04" + bytes(100), "no whole zip archive"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_weights_is_named(kind, weights, tmp_path):
    make, words = OTHERS[kind]
    path = tmp_path / "w.pth"
    path.write_bytes(make(weights, tmp_path))
    with pytest.raises(BadInputError, match=words) as caught:
        build_backbone(NETWORK, path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.endswith(
        "give a state dict of EfficientNet-Lite0 as pretrained weights, or null"
    )
    assert "\n" not in message


@pytest.mark.parametrize(
    "read", [read_torch_file, lambda path, _, remedy: read_weights(path, remedy)]
)
def test_a_folder_and_nothing_are_named(read, tmp_path):
    with pytest.raises(BadInputError, match=rf"{tmp_path}: a folder, not a file .*; do this$"):
        read(tmp_path, "weights", "do this")
    with pytest.raises(BadInputError, match=r"gone\.pth: no such file .*; do this$"):
        read(tmp_path / "gone.pth", "weights", "do this")


def outline(name):
    """Weights of the shapes of torchvision's, without their size on disk."""
    with torch.device("meta"):
        network = torchvision.models.get_model(name, weights=None)
    return {key: torch.zeros(()).expand(each.shape) for key, each in network.state_dict().items()}


@pytest.mark.parametrize(
    ("given", "asked", "words"),
    [
        ("resnet101", "resnet50", "it holds the weights of resnet101_fpn;"),
        ("resnet50", "resnet101_fpn", "it holds the weights of resnet50;"),
        ("resnet50", NETWORK, "it holds the weights of resnet50;"),
        ("vgg16", "wide_resnet38", "it holds the weights of vgg16;"),
        ("resnet152", "vgg16", r"nearest to it is resnet101_fpn, which 6\d% of the names"),
    ],
)
def test_weights_of_another_network_name_the_nearest(given, asked, words, tmp_path):
    path = tmp_path / "w.pth"
    torch.save(outline(given), path)
    with pytest.raises(BadInputError, match=words) as caught:
        build_backbone(asked, path)
    assert "does not fit" in str(caught.value)
    state = torch.random.get_rng_state()
    which_backbone(outline(given))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_what_is_like_no_network_names_none(tmp_path):
    torch.save(outline("mobilenet_v2"), tmp_path / "w.pth")
    with pytest.raises(BadInputError, match="does not fit ResNet-50") as caught:
        build_backbone("resnet50", tmp_path / "w.pth")
    assert "nearest" not in str(caught.value)
    assert "it holds" not in str(caught.value)
