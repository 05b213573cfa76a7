"""Masks and settings as other programs write them: scored alike, or refused with a reason."""

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scenes import LIMITS, NUM_CLASSES, VOID, scenes

from smallobjects.cli import main
from smallobjects.metrics import confusion_matrix, instance_ious
from smallobjects.metrics.accumulator import InstanceIoU
from smallobjects.metrics.mmseg_metric import InstanceIoUMetric
from smallobjects.reporting.plots.parameters import PlotInputs

ZEROS = np.zeros((2, 3), np.uint8)


@settings(max_examples=100, deadline=None)
@given(scenes(), st.sampled_from([">u2", "<u2", ">i4", ">i8", "u8", "i2"]))
def test_byte_orders_and_widths_are_only_storage(scene, dtype):
    stored = [mask.astype(dtype) for mask in scene]
    expected = instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS)
    assert instance_ious(*stored, NUM_CLASSES, size_limits=LIMITS).tolist() == expected.tolist()
    matrix = confusion_matrix(*scene[:2], NUM_CLASSES)
    assert confusion_matrix(*stored[:2], NUM_CLASSES).tolist() == matrix.tolist()


@settings(max_examples=50, deadline=None)
@given(scenes(), st.sampled_from([torch.int16, torch.int32, torch.int64]))
def test_tensors_are_scored_as_arrays(scene, dtype):
    tensors = [torch.from_numpy(mask.astype(np.int64)).to(dtype) for mask in scene]
    expected = instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS)
    assert instance_ious(*tensors, NUM_CLASSES, size_limits=LIMITS).tolist() == expected.tolist()


@settings(max_examples=100, deadline=None)
@given(scenes(), st.sampled_from([-100, -1, 70000, NUM_CLASSES]))
def test_void_is_whatever_value_is_named(scene, void):
    def renamed(mask):
        return np.where(mask == VOID, void, mask.astype(np.int64))

    # An instance may have the number that is void elsewhere.
    if void == NUM_CLASSES and (scene.instances == void).any():
        return
    expected = instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS)
    found = instance_ious(*map(renamed, scene), NUM_CLASSES, ignore_index=void, size_limits=LIMITS)
    assert found.tolist() == expected.tolist()
    with pytest.raises(ValueError, match=rf"{void}"):
        instance_ious(np.full((1, 1), void), *[np.ones((1, 1), int)] * 2, NUM_CLASSES)


@settings(max_examples=200, deadline=None)
@given(scenes(), st.data())
def test_masks_that_contradict_each_other_are_never_dropped(scene, data):
    # Some instance gets the id that means void, as a counter that runs past 254 gives it.
    ids = [k for k in np.unique(scene.instances).tolist() if k not in (0, VOID)]
    if not ids:
        return
    chosen = data.draw(st.sampled_from(ids))
    instances = np.where(scene.instances == chosen, VOID, scene.instances)
    with pytest.raises(ValueError, match=r"pixels are 255, which is void, but class"):
        instance_ious(scene.prediction, scene.semantic, instances, NUM_CLASSES)


def test_the_score_command_names_the_file_of_an_instance_with_the_id_of_void(tmp_path):
    instances = np.full((4, 4), 255, np.uint16)
    for folder, mask in (("p", ZEROS), ("s", np.full((4, 4), 15)), ("i", instances)):
        (tmp_path / folder).mkdir()
        dtype = np.uint16 if folder == "i" else np.uint8
        Image.fromarray(np.resize(mask, (4, 4)).astype(dtype)).save(tmp_path / folder / "a.png")
    arguments = ["score", "--predictions", tmp_path / "p", "--semantic", tmp_path / "s"]
    arguments += ["--instances", tmp_path / "i", "--num-classes", 21]
    result = CliRunner().invoke(main, [*map(str, arguments), "--output", str(tmp_path / "o.json")])
    assert result.exit_code == 1
    assert f"{tmp_path / 'i' / 'a.png'}: 16 pixels are 255" in result.output
    assert "class 15" in result.output


@pytest.mark.parametrize(
    "limits",
    [
        (9216, 1024),
        (1024, 1024),
        (-5, 100),
        (0, 100),
        (float("nan"), 100),
        (100, float("nan")),
        (100, float("inf")),
        (1024,),
        (1, 2, 3),
        ("1024", "9216"),
        None,
        1024,
    ],
)
def test_size_limits_that_do_not_rise_are_refused_wherever_they_are_given(limits):
    mask = np.ones((1, 1), int)
    for ask in (
        lambda: instance_ious(mask, mask, mask, 2, size_limits=limits),
        lambda: InstanceIoU(2, size_limits=limits),
        lambda: InstanceIoUMetric(instance_dir="x", size_limits=limits),
    ):
        with pytest.raises(ValueError, match=r"size_limits \(.*areas in pixels that rise"):
            ask()


@pytest.mark.parametrize("limits", [(9216, 1024), (1024, 1024), (-5, 100)])
def test_size_limits_of_plots_rise_too(limits):
    with pytest.raises(ValueError, match="areas in pixels that rise"):
        PlotInputs(cells=[], size_limits={"voc": limits}, curves=())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "num_classes 0"),
        ((-3,), "num_classes -3"),
        ((21.5,), r"num_classes 21.5"),
        ((21, 20), "ignore_index 20 is one of the 21 classes"),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        InstanceIoU(*arguments)


LOGITS = np.zeros((21, 2, 3), np.float32)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ((LOGITS, ZEROS, ZEROS), r"prediction: .*got float32; take the class of each pixel"),
        ((torch.zeros(21, 2, 3).bfloat16(), ZEROS, ZEROS), r"prediction: .*bfloat16; take the"),
        ((torch.zeros(1, 21, 2, 3), ZEROS[None], ZEROS[None]), r"prediction: .*got torch.float32"),
        ((LOGITS.astype(int), ZEROS, ZEROS), r"prediction: .*\(21, 2, 3\).*argmax"),
        ((ZEROS, ZEROS[None], ZEROS), r"class mask: .*\(1, 2, 3\)"),
        ((ZEROS, ZEROS.astype(float), ZEROS), r"class mask: .*got float64"),
        ((ZEROS, ZEROS, ZEROS.astype(float)), r"the instance mask: .*got float64"),
        ((ZEROS, ZEROS, ZEROS[0]), r"instance mask.*\(3,\)"),
        ((ZEROS > 0, ZEROS, ZEROS), r"prediction: .*got bool.*convert it to an integer type"),
        ((ZEROS, ZEROS, ZEROS - np.int64(7)), r"the instance mask: instance id -7"),
        ((ZEROS, ZEROS - np.int64(100), ZEROS), r"class mask: class -100 .*or 255 \(void\)"),
    ],
)
def test_what_is_no_mask_is_refused_by_name(masks, message):
    for score in (
        lambda: InstanceIoU(21).update(*masks, ["a"] if masks[1].ndim == 3 else "a"),
        lambda: instance_ious(*masks, 21),
    ):
        with pytest.raises(ValueError, match=r"expected|shape|instance|class") as caught:
            score()
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=message):
        InstanceIoU(21).update(*masks, ["a"] if masks[1].ndim == 3 else "a")
