"""From parameters to a configuration of MMEngine."""

from pathlib import Path

import pytest
from toy_segmentation import MODEL, arm_parameters, training_parameters

from smallobjects.segmentation.configuration import fill_schedule, runner_config
from smallobjects.segmentation.errors import SegmentationError
from smallobjects.segmentation.network_settings import trained_model, tuples


def test_lists_of_numbers_become_tuples_and_nothing_else_does():
    given = {"size": [3, 4], "steps": [{"scale": [0.5]}], "names": ["a"], "none": [], "one": 1}
    expected = {"size": (3, 4), "steps": [{"scale": (0.5,)}], "names": ["a"], "none": [], "one": 1}
    assert tuples(given) == expected
    assert given["size"] == [3, 4]


def test_schedules_count_iterations_and_end_with_the_training():
    warm_up = {"type": "LinearLR", "start_factor": 0.1, "end": 50}
    poly = {"type": "PolyLR", "power": 0.9, "begin": 50}
    assert fill_schedule([warm_up, poly], 300) == [
        warm_up | {"by_epoch": False},
        poly | {"by_epoch": False, "end": 301},
    ]


def test_the_arms_differ_in_the_loss_and_the_penalty_alone(run_of):
    shared = Path("shared.pth")
    configs = {
        arm: runner_config(run_of(arm, shared=shared), 4, Path("work"), shared)
        for arm in ("ce", "sw", "sb")
    }
    taus = {arm: each.model.decode_head.loss_decode.pop("tau") for arm, each in configs.items()}
    assert taus == {"ce": None, "sw": 5.0, "sb": 5.0}
    hooks = {arm: [h.type for h in each.pop("custom_hooks")] for arm, each in configs.items()}
    assert hooks["sw"] == [*hooks["ce"], "SizeWeightHook"]
    assert hooks["sb"] == [*hooks["sw"], "EwcHook"]
    for arm in ("sw", "sb"):
        weights = configs[arm].train_dataloader.dataset.pipeline.pop()
        # The logits of the crop, of half of it, and the maximum, which is as large as the first.
        assert weights == {
            "type": "AddSizeWeights", "tau": 5.0, "sizes": [(8, 8), (4, 4)], "padded_size": (32, 32)
        }  # fmt: skip
    plain = [each.to_dict() for each in configs.values()]
    assert plain[0] == plain[1] == plain[2]


def test_every_loss_and_head_of_a_model_is_filled_in():
    head = MODEL["decode_head"] | {"type": "FCNHead"}
    model = MODEL | {"auxiliary_head": [head, head]}
    parameters = training_parameters(model=model, tau=3.0)
    filled = trained_model(parameters, 7, from_scratch=True)
    heads = [filled["decode_head"], *filled["auxiliary_head"]]
    assert [each["num_classes"] for each in heads] == [7, 7, 7]
    assert [each["loss_decode"]["tau"] for each in heads] == [3.0, 3.0, 3.0]


def test_arms_do_not_ask_for_pretrained_weights():
    initial = {"type": "Pretrained", "checkpoint": "weights/tiny.pth"}
    model = MODEL | {"backbone": MODEL["backbone"] | {"init_cfg": initial}}
    parameters = training_parameters(model=model)
    assert trained_model(parameters, 4, from_scratch=True)["backbone"]["init_cfg"] == initial
    assert trained_model(parameters, 4, from_scratch=False)["backbone"]["init_cfg"] is None


def test_a_model_without_the_arms_loss_is_refused():
    head = MODEL["decode_head"] | {"loss_decode": {"type": "CrossEntropyLoss"}}
    parameters = training_parameters(model=MODEL | {"decode_head": head})
    with pytest.raises(SegmentationError, match="SizeWeightedCrossEntropy"):
        trained_model(parameters, 4, from_scratch=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phase": "ce"}, "needs the checkpoint of the shared phase"),
        ({"shared": Path("x.pth")}, "starts from the initial weights"),
        ({"phase": "sw", "shared": Path("x.pth"), "parameters": arm_parameters("ce")}, "tau"),
        ({"phase": "sb", "shared": Path("x.pth"), "parameters": arm_parameters("sw")}, "ewc_str"),
        ({"phase": "ce", "shared": Path("x.pth"), "parameters": arm_parameters("sw")}, "left out"),
        ({"parameters": arm_parameters("sb")}, "left out"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_contradictions_are_refused(run_of, changes, message):
    with pytest.raises(SegmentationError, match=message):
        runner_config(run_of(**changes), 4, Path("work"), None)


def test_the_arms_part_between_two_steps(run_of):
    wrapper = training_parameters().optim_wrapper | {"accumulative_counts": 2}
    run = run_of(parameters=training_parameters(optim_wrapper=wrapper))
    with pytest.raises(SegmentationError, match="multiple of accumulative_counts"):
        runner_config(run, 4, Path("work"), None)
