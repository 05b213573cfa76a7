"""Wide ResNet-38: its layout, and its weights in both formats."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from mxnet_writer import write_mxnet
from torch import nn
from torch.nn import functional

from smallobjects.backbones.wide_resnet import (
    Block,
    Bottleneck,
    _load,
    _torch_name,
    wide_resnet38_stages,
)
from smallobjects.pseudo_labels.errors import BadInputError

BLOCKS = {2: 3, 3: 3, 4: 6, 5: 3, 6: 1, 7: 1}
NORMS = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_var": "running_var",
}


def mxnet_names():
    """Every array of the published file but the classifier's, with the name that it has here."""
    names = {"arg:conv1a_weight": "conv1a.weight"}
    for kind, part in NORMS.items():
        names[f"{'aux' if 'moving' in kind else 'arg'}:bn7_{kind}"] = f"bn7.{part}"
    for block, count in BLOCKS.items():
        for index in range(count):
            there = f"{block}{'a' if index == 0 else f'b{index}'}"
            here = f"b{block}{'' if index == 0 else f'_{index}'}"
            branches = ["branch2a", "branch2b1"] + (["branch2b2"] if block > 5 else [])
            shortcut = ["branch1"] if index == 0 else []
            for branch in [*branches, *shortcut]:
                names[f"arg:res{there}_{branch}_weight"] = f"{here}.conv_{branch}.weight"
            for branch in branches:
                for kind, part in NORMS.items():
                    place = "aux" if "moving" in kind else "arg"
                    names[f"{place}:bn{there}_{branch}_{kind}"] = f"{here}.bn_{branch}.{part}"
    return names


def test_every_published_array_has_its_place():
    stages, _ = wide_resnet38_stages(None)
    keys = {key for stage in stages for key in stage.state_dict()}
    keys = {key for key in keys if not key.endswith("num_batches_tracked")}
    names = mxnet_names()
    assert set(names.values()) == keys
    assert {name: _torch_name(name) for name in names} == names
    assert _torch_name("arg:linear1000_weight") is None
    assert _torch_name("arg:linear1000_bias") is None
    convolutions = [m for s in stages for m in s.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 1 + 2 * 15 + 3 * 2 + 6, "38 layers with the classifier, 6 shortcuts"
    dilations = {m.dilation[0] for m in stages[3].modules() if isinstance(m, nn.Conv2d)}
    assert dilations == {1, 2}
    assert stages[4].b7.dropout.p == 0.5


def normed(features, norm):
    shape = (1, -1, 1, 1)
    scale = norm.weight / torch.sqrt(norm.running_var + 1e-5)
    shifted = features - norm.running_mean.view(shape)
    return functional.relu(shifted * scale.view(shape) + norm.bias.view(shape))


@torch.no_grad()
def shaken(module):
    for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
    return module.eval()


@torch.no_grad()
def test_blocks_are_preactivated():
    torch.manual_seed(2)
    features = torch.randn(2, 4, 9, 7)
    block = shaken(Block((4, 6, 8), 2, (1, 2)))
    active = normed(features, block.bn_branch2a)
    branch = functional.conv2d(active, block.conv_branch2a.weight, stride=2, padding=1)
    branch = normed(branch, block.bn_branch2b1)
    branch = functional.conv2d(branch, block.conv_branch2b1.weight, padding=2, dilation=2)
    shortcut = functional.conv2d(active, block.conv_branch1.weight, stride=2)
    assert torch.allclose(block(features), branch + shortcut, atol=1e-4)
    same = shaken(Block((4, 6, 4), 1, (2, 2)))
    branch = normed(same.conv_branch2a(normed(features, same.bn_branch2a)), same.bn_branch2b1)
    assert torch.allclose(same(features), features + same.conv_branch2b1(branch), atol=1e-4)
    narrow = shaken(Bottleneck(4, 8, 4, 0.3))
    active = normed(features, narrow.bn_branch2a)
    branch = normed(narrow.conv_branch2a(active), narrow.bn_branch2b1)
    branch = functional.conv2d(branch, narrow.conv_branch2b1.weight, padding=4, dilation=4)
    branch = narrow.conv_branch2b2(normed(branch, narrow.bn_branch2b2))
    assert torch.allclose(narrow(features), narrow.conv_branch1(active) + branch, atol=1e-4)


def small_stages():
    torch.manual_seed(3)
    first = [("conv1a", nn.Conv2d(3, 4, 3, bias=False)), ("b2", Block((4, 6, 6), 2, (1, 1)))]
    second = [("b2_1", Block((6, 6, 6), 1, (1, 1))), ("bn7", nn.BatchNorm2d(6))]
    return [shaken(nn.Sequential(OrderedDict(named))) for named in (first, second)]


def states(stages):
    state = {}
    for stage in stages:
        state |= stage.state_dict()
    return {key: value.clone() for key, value in state.items()}


def test_weights_are_read_from_both_formats(tmp_path):
    expected = states(small_stages())
    backward = {here: there for there, here in mxnet_names().items()}
    arrays = {backward[key]: value.numpy() for key, value in expected.items() if key in backward}
    arrays["arg:linear1000_weight"] = np.zeros((2, 6), np.float32)
    write_mxnet(tmp_path / "weights.params", arrays)
    torch.save({f"module.{key}": value for key, value in expected.items()}, tmp_path / "w.pth")
    for name in ("weights.params", "w.pth"):
        stages = [stage.apply(zeroed) for stage in small_stages()]
        _load(stages, tmp_path / name)
        for key, value in states(stages).items():
            assert torch.equal(value, expected[key]), key


def zeroed(module):
    for value in [*module._parameters.values(), *module._buffers.values()]:
        if value is not None:
            value.data.zero_()


def test_weights_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "w.pth"
    state = states(small_stages())
    torch.save({key: value for key, value in state.items() if "b2_1" not in key}, path)
    with pytest.raises(
        BadInputError, match=r"w\.pth.*10 keys are missing and 0 are unknown, such as b2_1"
    ):
        _load(small_stages(), path)
    torch.save(state | {"conv1a.weight": torch.zeros(1, 3, 3, 3)}, path)
    with pytest.raises(BadInputError, match=r"w\.pth: does not fit wide ResNet-38 \(size"):
        _load(small_stages(), path)
    torch.save([1, 2], path)
    with pytest.raises(BadInputError, match="no mapping of names to arrays"):
        _load(small_stages(), path)
    with pytest.raises(BadInputError, match=r"missing\.params: no such file"):
        wide_resnet38_stages(tmp_path / "missing.params")
