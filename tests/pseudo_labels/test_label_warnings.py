"""Every kind of warning: on labels that are bad in this way, and on none that are good."""

import dataclasses
import json

import numpy as np
import pytest
from click.testing import CliRunner
from published_settings import stated

from smallobjects.cli import main
from smallobjects.pseudo_labels.labels.archive import write_labels
from smallobjects.pseudo_labels.labels.warnings import (
    LabelFacts,
    expected_share,
    label_warnings,
)

NAMES = ("background", "cat", "dog", "cow")


def counted(background=0, cat=0, dog=0, cow=0, void=0):
    pixels = np.zeros(256, dtype=np.int64)
    pixels[:4] = background, cat, dog, cow
    pixels[255] = void
    return pixels


GOOD = LabelFacts(
    miou={"exclude": 0.6, "background": 0.55},
    stages={"all_background": 0.2, "cam": 0.5, "filled_boxes": 0.58},
    pixels=counted(background=60, cat=20, dog=10, cow=5, void=5),
    true_pixels=counted(background=60, cat=20, dog=15, cow=5)[:4],
    image_classes=[(1,), (2,), (1, 3), ()],
    class_names=NAMES,
)


def kinds(**changes):
    return [found["kind"] for found in label_warnings(dataclasses.replace(GOOD, **changes))]


def with_miou(exclude, background=None):
    return {"exclude": exclude, "background": exclude if background is None else background}


def test_good_labels_have_none():
    assert label_warnings(GOOD) == []


@pytest.mark.parametrize(
    ("stage", "kind"), [("cam", "worse_than_maps"), ("filled_boxes", "worse_than_boxes")]
)
def test_worse_than_what_they_come_from(stage, kind):
    stages = {"all_background": 0.2, stage: 0.314}
    [found] = label_warnings(dataclasses.replace(GOOD, miou=with_miou(0.304), stages=stages))
    assert (found["kind"], found["miou"], found["compared_miou"]) == (kind, 0.304, 0.314)
    assert "30.4" in found["message"]
    assert "31.4" in found["message"]
    assert kinds(miou=with_miou(0.3131), stages=stages) == []
    assert kinds(miou=with_miou(0.3129), stages=stages) == [kind]


def test_other_stages_need_not_be_beaten():
    assert kinds(stages={"all_background": 0.2, "y_crf": 0.99}) == []


def test_not_better_than_background():
    assert kinds(miou=with_miou(0.6, 0.2009)) == ["not_better_than_background"]
    assert kinds(miou=with_miou(0.6, 0.2011)) == []


def test_without_ground_truth_only_void_and_classes_are_judged():
    nothing = {"exclude": None, "background": None}
    assert kinds(miou=nothing, stages={"all_background": None, "cam": None}) == []
    pixels = counted(background=10, cat=30, void=60)
    found = kinds(
        miou=nothing,
        stages={"all_background": None, "cam": None},
        true_pixels=np.zeros(4, dtype=np.int64),
        pixels=pixels,
    )
    assert found == ["mostly_void", "one_class"]


def test_void_everywhere():
    """There is no mIoU without void; with void as background it is that of all background."""
    found = kinds(miou={"exclude": None, "background": 0.2}, pixels=counted(void=100))
    assert found == ["not_better_than_background", "mostly_void"]


def test_void_on_half_is_no_more_than_half():
    assert kinds(pixels=counted(background=30, cat=10, dog=10, void=50)) == []
    assert kinds(pixels=counted(background=29, cat=10, dog=10, void=51)) == ["mostly_void"]


def test_one_class_alone():
    assert kinds(pixels=counted(background=50, cat=91, dog=9)) == ["one_class"]
    assert kinds(pixels=counted(background=50, cat=90, dog=10)) == []


def test_one_class_is_no_fault_where_the_images_have_no_other():
    alone = {"pixels": counted(background=50, cat=100), "image_classes": [(1,), (1,), ()]}
    alone["true_pixels"] = counted(background=50, cat=30)[:4]
    assert kinds(**alone) == []
    assert kinds(**{**alone, "image_classes": [()]}) == []
    assert kinds(**{**alone, "image_classes": [(1,), (2,)]}) == []  # the truth has one alone
    mixed = counted(background=50, cat=30, dog=10)[:4]
    assert kinds(**{**alone, "image_classes": [(1,), (2,)], "true_pixels": mixed}) == ["one_class"]


def test_one_class_in_proportion():
    """Where 95 % are to be expected, 97 % is no collapse, but 98 % of one is."""
    truth = counted(background=50, cat=95, dog=5)[:4]
    assert kinds(pixels=counted(cat=97, dog=3), true_pixels=truth) == []
    assert kinds(pixels=counted(cat=98, dog=2), true_pixels=truth) == ["one_class"]


def test_what_is_to_be_expected_by_image_labels():
    facts = dataclasses.replace(GOOD, true_pixels=np.zeros(4, dtype=np.int64))
    assert expected_share(facts, 1) == pytest.approx((1 + 0 + 1 / 2) / 3)
    assert expected_share(facts, 3) == pytest.approx(1 / 6)


def gathered(dataset, out, label_of, *options, parameters="{}"):
    """What comes of gathering labels that a function makes of the ground truth."""
    parts = out / "parts.zip"
    with write_labels(parts) as archive:
        for image_id in dataset.split("train"):
            archive.write(image_id, label_of(dataset.read_semantic(image_id)))
    arguments = ["gather-labels", "--dataset", dataset.root, "--split", "train", *options]
    arguments += ["--score-split", "half", "--source", "irn", "--parts", parts]
    arguments += ["--parameters", parameters, "--labels", out / "labels"]
    arguments += ["--manifest", out / "manifest.json"]
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def gather(dataset, out, label_of, *options, parameters="{}"):
    """The manifest of such labels, and what was printed."""
    result = gathered(dataset, out, label_of, *options, parameters=parameters)
    assert result.exit_code == 0, result.output
    manifest = json.loads((out / "manifest.json").read_text())
    lines = [line for line in result.stderr.splitlines() if line.startswith("WARNING: ")]
    return manifest, lines


@pytest.mark.parametrize(
    ("label_of", "expected"),
    [
        (lambda truth: truth, []),
        (np.zeros_like, ["not_better_than_background", "worse_than_boxes"]),
        (lambda truth: np.full_like(truth, 255), ["mostly_void", "not_better_than_background"]),
        (
            lambda truth: np.full_like(truth, 2),
            ["not_better_than_background", "one_class", "worse_than_boxes"],
        ),
    ],
    ids=["truth", "background", "void", "one class"],
)
def test_the_log_and_the_manifest_say_it(squares, tmp_path, label_of, expected):
    manifest, lines = gather(squares, tmp_path, label_of, "--filled-boxes")
    assert sorted(warning["kind"] for warning in manifest["warnings"]) == expected
    assert len(lines) == len(expected)
    for line, warning in zip(lines, manifest["warnings"], strict=True):
        assert line.startswith("WARNING: labels of irn for squares: ")
        assert warning["message"] in line
        assert str(tmp_path / "manifest.json") in line


@pytest.mark.parametrize(
    ("option", "parameters", "said"),
    [
        ("--cams", {}, "missing: cam.scales, cam.flip, cam.evaluation_threshold; `snakemake -p`"),
        ("--attention", {"cam": {}}, "missing: scoring.evaluation_threshold; `snakemake -p`"),
        (
            "--cams",
            {"cam": stated("irn.cam", evaluation_threshold=2)},
            "cam.evaluation_threshold = 2: input should be less than or equal to 1",
        ),
    ],
)
def test_maps_are_scored_with_whole_settings_alone(squares, tmp_path, option, parameters, said):
    (tmp_path / "maps.npz").touch()
    options = (option, tmp_path / "maps.npz")
    result = gathered(
        squares, tmp_path, lambda truth: truth, *options, parameters=json.dumps(parameters)
    )
    assert result.exit_code == 2
    line = result.stderr.splitlines()[-1]
    assert line.startswith(f"Error: Invalid value for '--parameters': {said}")
    assert not (tmp_path / "labels").exists()


def test_labels_below_their_maps(squares, tmp_path):
    """Maps that are the ground truth, and labels that lose every third row of it."""
    from smallobjects.pseudo_labels.cams.store import write_cams
    from smallobjects.pseudo_labels.cams.strides import STRIDE

    with write_cams(tmp_path / "cams.npz") as cams:
        for image_id in squares.split("train"):
            truth = squares.read_semantic(image_id)
            classes = np.array(squares.image_classes.get(image_id, ()), np.uint8)
            maps = (truth[::STRIDE, ::STRIDE] == classes[:, None, None]).astype(np.float32)
            cams.write(image_id, classes, maps)

    def thinner(truth):
        label = truth.copy()
        label[::2] = 0
        return label

    options = ("--cams", tmp_path / "cams.npz")
    parameters = json.dumps({"cam": stated("irn.cam", evaluation_threshold=0.5)})
    manifest, lines = gather(squares, tmp_path, thinner, *options, parameters=parameters)
    assert [warning["kind"] for warning in manifest["warnings"]] == ["worse_than_maps"]
    assert manifest["warnings"][0]["compared_miou"] == manifest["stages"]["cam"]
    assert "smallobjects tune-thresholds" in lines[0]
    assert gather(squares, tmp_path, lambda truth: truth, *options, parameters=parameters)[1] == []
