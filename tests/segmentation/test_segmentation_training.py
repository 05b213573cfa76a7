"""Phases of a training: what an arm continues, what a restart may not change."""

import contextlib
import csv
import math
import os
import pty
import subprocess
from dataclasses import replace

import pytest
import torch
from disturbed_training import command
from PIL import Image
from toy_segmentation import CLASSES, arm_parameters, training_parameters

from smallobjects.segmentation.checkpointing import load
from smallobjects.segmentation.errors import SegmentationError


def weights(path):
    return load(path)["state_dict"]


def equal(first, second):
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


def test_the_shared_phase_ends_at_the_switch_with_all_its_state(shared):
    content = load(shared)
    assert content["meta"]["iter"] == 5
    assert content["meta"]["class_names"] == CLASSES
    assert content["meta"]["identity"]["phase"] == "shared"
    assert {"optimizer", "param_schedulers", "fisher", "random_state"} <= content.keys()
    trained = [n for n in content["state_dict"] if not n.endswith(("_mean", "_var", "_tracked"))]
    assert list(content["fisher"]) == trained


def test_it_leaves_its_record_and_no_scratch(shared):
    names = {"shared.pth", "shared.config.py", "shared.log.csv", "shared.tensorboard"}
    assert {path.name for path in shared.parent.iterdir()} == names
    rows = list(csv.DictReader(shared.with_suffix(".log.csv").open()))
    assert [row["iteration"] for row in rows] == ["3"]
    assert "LabelledSplit" in shared.with_suffix(".config.py").read_text()


def test_tensorboard_reads_the_whole_curve(arms):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(arms.sb.with_suffix(".tensorboard")))
    events.Reload()
    rows = list(csv.DictReader(arms.sb.with_suffix(".log.csv").open()))
    for name in ("loss", "learning_rate", "ewc_penalty"):
        expected = [(int(r["iteration"]), float(r[name])) for r in rows if r[name]]
        found = [(each.step, each.value) for each in events.Scalars(name)]
        assert [step for step, _ in found] == [step for step, _ in expected]
        assert [v for _, v in found] == pytest.approx([v for _, v in expected])


def test_an_arm_holds_weights_and_the_whole_curve(arms):
    content = load(arms.sb)
    assert content["meta"]["iter"] == 8
    assert set(content) == {"meta", "state_dict", "learning_curve"}
    rows = list(csv.DictReader(arms.sb.with_suffix(".log.csv").open()))
    assert [row["iteration"] for row in rows] == ["3", "6"]
    assert [bool(row["ewc_penalty"]) for row in rows] == [False, True]
    # One polynomial from the first iteration on: not restarted at the switch.
    for row in rows:
        rate = 0.05 * (1 - (int(row["iteration"]) - 1) / 20) ** 0.9
        assert float(row["learning_rate"]) == pytest.approx(rate)


def test_the_workers_change_nothing(run_of, train, shared):
    again = train(run_of(workers=2, threads=1))
    assert again.read_bytes() == shared.read_bytes()


def test_the_seed_changes_the_weights(run_of, train, shared):
    assert not equal(weights(train(run_of(seed=5))), weights(shared))


def test_the_ce_arm_equals_a_training_that_was_never_split(run_of, train, arms):
    unsplit = training_parameters(schedule={"iterations": 9, "shared_iterations": 8})
    assert equal(weights(train(run_of(parameters=unsplit))), weights(arms.ce))


def test_a_whole_training_has_no_arm(run_of, train, arms, shared):
    whole = training_parameters(schedule={"iterations": 8, "shared_iterations": 8})
    assert equal(weights(train(run_of(parameters=whole))), weights(arms.ce))
    arm = whole.model_copy(update={"tau": 5.0})
    with pytest.raises(SegmentationError, match="nothing is left to train"):
        train(run_of("sw", parameters=arm, shared=shared))


def test_the_arms_differ(arms):
    assert not equal(weights(arms.ce), weights(arms.sw))
    assert not equal(weights(arms.sw), weights(arms.sb))


def test_the_arms_see_the_same_samples(run_of, train, dataset, tmp_path):
    # Where every image has one object all size weights are 1, so nothing but the data could differ.
    single = tmp_path / "single"
    single.mkdir()
    for path in (dataset / "semantic").glob("*.png"):
        labels = Image.open(path)
        labels.paste(0, (0, 25, *labels.size))
        labels.save(single / path.name)
    shared = train(run_of(labels=single))
    ce, sw = (train(run_of(arm, labels=single, shared=shared)) for arm in ("ce", "sw"))
    assert equal(weights(ce), weights(sw))


def test_a_penalty_of_strength_0_changes_nothing(run_of, train, arms, shared):
    free = train(run_of("sb", parameters=arm_parameters("sb", strength=0.0), shared=shared))
    assert equal(weights(free), weights(arms.sw))


def test_the_penalty_keeps_important_weights_near(run_of, train, shared, arms):
    from smallobjects.losses import ewc_penalty, normalise_fisher

    start = load(shared)
    importance = {name: normalise_fisher(f) for name, f in start["fisher"].items()}

    def distance(path):
        return ewc_penalty(weights(path), start["state_dict"], importance, 1.0)

    assert distance(arms.sb) < distance(arms.sw)


def test_other_settings_do_not_resume_each_other(run_of):
    from smallobjects.segmentation.identity import identity, key

    base = key(identity(run_of()))
    others = [
        run_of(seed=5),
        run_of(split="val"),
        run_of(parameters=training_parameters(fisher_decay=0.5)),
        run_of(parameters=training_parameters(schedule={"iterations": 9})),
    ]
    assert len({base, *(key(identity(run)) for run in others)}) == 5
    assert key(identity(run_of(workers=3, threads=2))) == base


def test_changed_labels_do_not_resume_the_old_ones(run_of, dataset, tmp_path):
    from smallobjects.segmentation.identity import identity, key

    labels = tmp_path / "labels"
    labels.mkdir()
    for path in (dataset / "semantic").glob("*.png"):
        (labels / path.name).write_bytes(path.read_bytes())
    assert key(identity(run_of(labels=labels))) == key(identity(run_of()))
    Image.new("L", (61, 40)).save(labels / "2007_000000.png")
    assert key(identity(run_of(labels=labels))) != key(identity(run_of()))


def test_a_missing_label_is_named_before_anything_starts(run_of, train, dataset, tmp_path):
    labels = tmp_path / "labels"
    labels.mkdir()
    for path in list((dataset / "semantic").glob("*.png")):
        if path.stem != "2007_000003":
            (labels / path.name).write_bytes(path.read_bytes())
    with pytest.raises(FileNotFoundError, match=r"2007_000003\.png: missing"):
        train(run_of(labels=labels))


def test_labels_that_say_nothing_are_refused(run_of, train, dataset, tmp_path):
    labels = tmp_path / "labels"
    labels.mkdir()
    with pytest.raises(FileNotFoundError, match=r"labels of 4 other images of 5"):
        train(run_of(labels=labels))
    for path in (dataset / "semantic").glob("*.png"):
        Image.new("L", Image.open(path).size, 255).save(labels / path.name)
    with pytest.raises(SegmentationError, match="every pixel of all 5 labels is 255"):
        train(run_of(labels=labels))
    (labels / "2007_000000.png").write_bytes(b"no image")
    with pytest.raises(SegmentationError, match=r"2007_000000\.png: this label is not a PNG"):
        train(run_of(labels=labels))


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (Image.new("L", (10, 12)), r"\(12, 10\) pixels"),
        (Image.new("L", (61, 40), 4), "holds class 4"),
    ],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_a_wrong_label_is_named(run_of, train, dataset, tmp_path, label, message, workers):
    labels = tmp_path / "labels"
    labels.mkdir()
    for path in (dataset / "semantic").glob("*.png"):
        (labels / path.name).write_bytes(path.read_bytes())
    label.save(labels / "2007_000000.png")
    with pytest.raises(SegmentationError, match=message) as caught:
        train(run_of(labels=labels, workers=workers))
    assert "2007_000000.png" in str(caught.value)


def test_an_arm_must_continue_its_own_shared_phase(run_of, train, shared, arms):
    with pytest.raises(SegmentationError, match=r"another seed \(4, now 5\)"):
        train(run_of("ce", shared=shared, seed=5))
    schedule = arm_parameters("ce", schedule={"iterations": 12})
    with pytest.raises(SegmentationError, match="another schedule"):
        train(run_of("ce", shared=shared, parameters=schedule))
    with pytest.raises(SegmentationError, match="the end of arm sw"):
        train(run_of("ce", shared=arms.sw))


def test_how_often_it_reports_is_no_other_training(run_of, train, shared, arms):
    parameters = arm_parameters("ce", schedule={"log_interval": 1, "checkpoint_interval": 3})
    again = train(run_of("ce", shared=shared, parameters=parameters))
    assert equal(weights(again), weights(arms.ce))


def test_an_unreadable_checkpoint_is_named(run_of, train, tmp_path):
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"no checkpoint")
    with pytest.raises(SegmentationError, match=r"broken\.pth: cannot be read as a checkpoint"):
        train(run_of("ce", shared=broken))


def test_pretrained_weights_of_another_network_are_refused(run_of, train, tmp_path):
    path = tmp_path / "other.pth"
    model = training_parameters().model
    initial = {"type": "Pretrained", "checkpoint": str(path)}
    model = model | {"backbone": model["backbone"] | {"init_cfg": initial}}
    run = run_of(parameters=training_parameters(model=model))
    with pytest.raises(FileNotFoundError, match="no such pretrained weights"):
        train(run)
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(SegmentationError, match=r"of the backbone TinyBackbone: it lacks blocks"):
        train(replace(run))


def test_a_training_that_diverges_says_so_and_publishes_nothing(run_of, train, tmp_path):
    wrapper = training_parameters().optim_wrapper
    optimizer = wrapper["optimizer"] | {"lr": 1e20}
    parameters = training_parameters(optim_wrapper=wrapper | {"optimizer": optimizer})
    with pytest.raises(SegmentationError, match="diverged; lower"):
        train(run_of(parameters=parameters), tmp_path / "work")
    for checkpoint in tmp_path.glob("work/*/iter_*.pth"):
        content = torch.load(checkpoint, weights_only=False)
        assert all(map(math.isfinite, content["learning_curve"]["losses"]))


def test_any_scheduler_continues_in_an_arm(run_of, train):
    cycle = [{"type": "OneCycleLR", "eta_max": 0.05}]
    shared = train(run_of(parameters=training_parameters(param_scheduler=cycle)))
    ce = train(run_of("ce", parameters=arm_parameters("ce", param_scheduler=cycle), shared=shared))
    schedule = {"iterations": 9, "shared_iterations": 8}
    cycle = [cycle[0] | {"end": 9}]
    unsplit = training_parameters(param_scheduler=cycle, schedule=schedule)
    assert equal(weights(train(run_of(parameters=unsplit))), weights(ce))


@pytest.mark.gpu
def test_it_runs_on_a_gpu(run_of, tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    from smallobjects.segmentation.training import train

    shared = tmp_path / "shared.pth"
    train(run_of(), tmp_path / "work", shared, device="cuda")
    train(run_of("sb", shared=shared), tmp_path / "work", tmp_path / "sb.pth", device="cuda")
    assert all(each.isfinite().all() for each in weights(tmp_path / "sb.pth").values())


def test_a_terminal_shows_a_bar_and_a_log_shows_lines(run_of, tmp_path):
    parameters = training_parameters(schedule={"log_interval": 1})
    arguments = command(run_of(parameters=parameters), tmp_path / "work", tmp_path / "a.pth")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(arguments, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    # The terminal ends with an error when the process has closed it.
    with contextlib.suppress(OSError):
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait() == 0
    assert "━" in shown.decode()
    assert "5/5" in shown.decode()
    assert "iteration 1 of 5" not in shown.decode()

    arguments = command(run_of(parameters=parameters), tmp_path / "work", tmp_path / "b.pth")
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("iteration ")]
    assert [line.split()[1] for line in lines] == ["1", "2", "3", "4", "5"]
    assert "━" not in done.stderr
