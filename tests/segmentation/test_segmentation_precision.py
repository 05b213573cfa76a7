"""Mixed precision and memory layout: the same training, up to rounding."""

import pytest
import torch
from toy_segmentation import MODEL, arm_parameters, training_parameters

from smallobjects.segmentation.checkpointing import load
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.precision import with_precision
from smallobjects.segmentation.runner import SegmentorRunner

HEAD = MODEL["decode_head"] | {"dropout_ratio": 0.0}
SAME = {"model": MODEL | {"decode_head": HEAD}}


def differences(first, second):
    first, second = (load(path)["state_dict"] for path in (first, second))
    assert all(each.dtype == second[name].dtype for name, each in first.items())
    floats = [name for name, each in first.items() if each.is_floating_point()]
    return max((first[name] - second[name]).abs().max().item() for name in floats)


@pytest.fixture(scope="module")
def plain(run_of, train):
    return train(run_of(parameters=training_parameters(**SAME)))


@pytest.mark.parametrize(
    ("changes", "smallest", "largest"),
    [
        ({"precision": "bf16"}, 1e-6, 0.02),
        ({"channels_last": True}, 0, 1e-4),
        ({"compile_backbone": True}, 0, 1e-4),
    ],
)
def test_it_is_the_same_training_up_to_rounding(
    run_of, train, plain, changes, smallest, largest, tmp_path
):
    changed = train(run_of(parameters=training_parameters(**SAME, **changes)))
    assert smallest <= differences(plain, changed) < largest
    arm = train(run_of("sb", arm_parameters("sb", **SAME, **changes), shared=changed))
    assert all(each.isfinite().all() for each in load(arm)["state_dict"].values())


def test_bf16_computes_in_bfloat16(run_of, tmp_path, monkeypatch):
    from smallobjects.segmentation.deeplabv2 import DeepLabV2Head
    from smallobjects.segmentation.training import train

    seen, forward = set(), DeepLabV2Head.forward

    def noted(self, inputs):
        logits = forward(self, inputs)
        seen.add(logits.dtype)
        return logits

    monkeypatch.setattr(DeepLabV2Head, "forward", noted)
    run = run_of(parameters=training_parameters(**SAME, precision="bf16"))
    train(run, tmp_path / "work", tmp_path / "shared.pth", device="cpu")
    assert seen == {torch.bfloat16}


def test_channels_last_is_how_the_weights_lie(run_of, tmp_path):
    from smallobjects.segmentation.configuration import runner_config

    parameters = training_parameters(**SAME, channels_last=True)
    config = runner_config(run_of(parameters=parameters), 4, tmp_path, None)
    model = SegmentorRunner.from_cfg(config).model
    weight = model.backbone.blocks[1][0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()


def test_a_compiled_backbone_computes_and_keeps_the_names(run_of, plain, tmp_path, monkeypatch):
    from smallobjects.segmentation.training import train

    compiled, compile_it = [], torch.compile
    monkeypatch.setattr(torch, "compile", lambda *a, **k: compiled.append(a) or compile_it(*a, **k))
    run = run_of(parameters=training_parameters(**SAME, compile_backbone=True))
    train(run, tmp_path / "work", tmp_path / "shared.pth", device="cpu")
    assert len(compiled) == 1
    assert load(tmp_path / "shared.pth")["state_dict"].keys() == load(plain)["state_dict"].keys()


def test_a_compiled_backbone_in_several_processes_is_refused(run_of, train):
    schedule = {"batch_size": 4, "iterations": 3, "shared_iterations": 2}
    parameters = training_parameters(schedule=schedule, compile_backbone=True)
    with pytest.raises(SegmentationError, match="compile_backbone: 2 processes"):
        train(run_of(parameters=parameters, processes=2))


def test_what_a_cpu_cannot_do_is_refused(run_of, train):
    with pytest.raises(SegmentationError, match="fp16: needs a GPU; bf16"):
        train(run_of(parameters=training_parameters(precision="fp16")))


def test_a_wrapper_with_a_precision_of_its_own_is_refused():
    with pytest.raises(SegmentationError, match="not AmpOptimWrapper"):
        with_precision({"type": "AmpOptimWrapper"}, "bf16", torch.device("cpu"))
    wrapper = {"type": "OptimWrapper", "clip_grad": None}
    half = with_precision(wrapper, "fp16", torch.device("cuda"))
    assert half == wrapper | {"type": "AmpOptimWrapper", "dtype": "float16"}
