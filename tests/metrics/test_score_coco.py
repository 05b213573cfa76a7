"""`smallobjects score --coco`: an annotation file in place of the two folders."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from pycocotools import mask as run_lengths

from smallobjects.cli import main

PERSON, DOG = (1, "person"), (18, "dog")


def annotation(number, image, category, mask, crowd=0):
    code = run_lengths.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {
        "id": number,
        "image_id": image,
        "category_id": category[0],
        "iscrowd": crowd,
        "segmentation": {"size": code["size"], "counts": code["counts"].decode()},
    }


def box(y, x, height, width):
    mask = np.zeros((30, 40), bool)
    mask[y : y + height, x : x + width] = True
    return mask


@pytest.fixture
def scene(tmp_path, save_mask):
    """Two images as an annotation file and as folders, and predictions of both."""
    small, large, crowd = box(5, 5, 4, 4), box(2, 2, 15, 20), box(0, 0, 30, 8)
    content = {
        "categories": [{"id": number, "name": name} for number, name in (PERSON, DOG)],
        "images": [
            {"id": k, "file_name": f"im_{k}.jpg", "height": 30, "width": 40} for k in (1, 2)
        ],
        # The small one is on top although it comes first, and the crowd below although last.
        "annotations": [
            annotation(1, 1, DOG, small),
            annotation(2, 1, PERSON, large),
            annotation(3, 1, PERSON, crowd, crowd=1),
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(content))
    semantic, instances = np.zeros((2, 30, 40), np.uint8), np.zeros((2, 30, 40), np.uint8)
    for mask, class_id, k in ((crowd, 255, 255), (large, 1, 2), (small, 17, 1)):
        semantic[0][mask], instances[0][mask] = class_id, k
    for k in (0, 1):
        name = f"im_{k + 1}.png"
        save_mask(tmp_path / "semantic" / name, semantic[k])
        save_mask(tmp_path / "instances" / name, instances[k])
        found = np.roll(np.where(semantic[k] == 255, 0, semantic[k]), 3, 1)
        save_mask(tmp_path / "predictions" / name, found)
    return tmp_path


def run(folder, *extra):
    arguments = ["score", "--predictions", folder / "predictions", "--output", folder / "s.json"]
    return CliRunner().invoke(main, [*map(str, [*arguments, *extra])], catch_exceptions=False)


def test_the_same_scores_as_from_painted_folders(scene):
    rows = scene / "rows.parquet"
    result = run(scene, "--coco", scene / "coco.json", "--instances-output", rows)
    assert result.exit_code == 0, result.output
    found = (scene / "s.json").read_bytes(), rows.read_bytes()
    assert json.loads(found[0])["instances"]["total"] == 2
    folders = ["--semantic", scene / "semantic", "--instances", scene / "instances"]
    result = run(scene, *folders, "--num-classes", 81, "--instances-output", rows)
    assert result.exit_code == 0, result.output
    assert ((scene / "s.json").read_bytes(), rows.read_bytes()) == found


def test_crosses_processes(scene, monkeypatch):
    monkeypatch.setattr("smallobjects.metrics.folders.BATCH", 1)
    alone = run(scene, "--coco", scene / "coco.json", "--workers", 1)
    scores = (scene / "s.json").read_bytes()
    together = run(scene, "--coco", scene / "coco.json", "--workers", 2)
    assert alone.exit_code == together.exit_code == 0, together.output
    assert (scene / "s.json").read_bytes() == scores


def test_an_image_that_the_file_does_not_list(scene, save_mask):
    save_mask(scene / "predictions" / "other.png", np.zeros((3, 3), np.uint8))
    result = run(scene, "--coco", scene / "coco.json")
    assert result.exit_code == 1
    assert f"{scene / 'coco.json'}: there is no image 'other' in it" in result.output
    result = run(scene, "--coco", scene / "coco.json", "--skip-missing")
    assert result.exit_code == 0, result.output
    assert "skipped 1 images" in result.output


def test_an_image_without_a_prediction(scene):
    (scene / "predictions" / "im_2.png").unlink()
    result = run(scene, "--coco", scene / "coco.json")
    assert result.exit_code == 1
    assert f"{scene / 'predictions' / 'im_2.png'}: there is no prediction" in result.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["images"][0].update(height=31), "run lengths are for [30, 40]"),
        (lambda c: c["annotations"][0].update(category_id=91), "category 91"),
        (lambda c: c.pop("images"), "not a COCO instance annotation file"),
        (lambda c: c["images"][1].update(width=20), "'im_2') has 30×20"),
    ],
)
def test_errors_name_the_annotation_file(scene, change, words):
    content = json.loads((scene / "coco.json").read_text())
    change(content)
    (scene / "coco.json").write_text(json.dumps(content))
    result = run(scene, "--coco", scene / "coco.json")
    assert result.exit_code == 1
    error = result.output.splitlines()[-1]
    assert error.startswith("Error: ")
    assert str(scene / "coco.json") in error
    assert words in error
    assert not (scene / "s.json").exists()


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--num-classes", 81], "give --semantic and --instances, or --coco"),
        (["--coco", "coco.json", "--semantic", "semantic"], "takes the place"),
        (["--semantic", "semantic", "--instances", "instances"], "give --num-classes"),
    ],
)
def test_refuses_half_a_ground_truth(scene, monkeypatch, extra, words):
    monkeypatch.chdir(scene)
    result = run(scene, *extra)
    assert result.exit_code == 2
    assert words in result.output


OWN = [(7, "zebra"), (0, "people"), (3, "sign")]
"""As exports of annotation tools have them: any ids, in any order."""


@pytest.fixture
def own(scene):
    """The same images with the categories of another program: zebra in dog's place, people."""
    content = json.loads((scene / "coco.json").read_text())
    content["categories"] = [{"id": number, "name": name} for number, name in OWN]
    for each in content["annotations"]:
        each["category_id"] = {1: 0, 18: 7}[each["category_id"]]
    (scene / "coco.json").write_text(json.dumps(content))
    return scene


def in_place_of(folder, names, **classes):
    """Predictions and folders with other classes."""
    for name in names:
        for path in (folder / name).glob("*.png"):
            mask = np.asarray(Image.open(path)).copy()
            # Of the scene: person 1, dog 17.
            people, zebra = mask == 1, mask == 17
            mask[people], mask[zebra] = classes["people"], classes["zebra"]
            Image.fromarray(mask).save(path)


@pytest.mark.parametrize(
    ("choice", "people", "zebra", "count"),
    [
        ((), 1, 3, 4),
        (("--classes", "file"), 1, 3, 4),
        (("--classes", "zebra,people"), 2, 1, 3),
        (("--classes", "zebra, sign,people"), 3, 1, 4),
        (("--classes", "zebra"), 0, 1, 2),
    ],
)
def test_a_file_with_its_own_categories(own, choice, people, zebra, count):
    in_place_of(own, ("predictions", "semantic"), people=people, zebra=zebra)
    if not people:
        for path in (own / "instances").glob("*.png"):
            mask = np.asarray(Image.open(path)).copy()
            # The crowd is one of people, and the large instance, number 2, too.
            mask[(mask == 2) | (mask == 255)] = 0
            Image.fromarray(mask).save(path)
            truth = own / "semantic" / path.name
            classes = np.asarray(Image.open(truth)).copy()
            classes[classes == 255] = 0
            Image.fromarray(classes).save(truth)
    result = run(own, "--coco", own / "coco.json", *choice)
    assert result.exit_code == 0, result.output
    found = json.loads((own / "s.json").read_text())
    folders = ["--semantic", own / "semantic", "--instances", own / "instances"]
    result = run(own, *folders, "--num-classes", count)
    assert result.exit_code == 0, result.output
    assert found == json.loads((own / "s.json").read_text())
    assert found["instances"]["total"] == 1 + (people > 0)


def test_the_classes_are_said(own):
    in_place_of(own, ("predictions",), people=1, zebra=3)
    assert "classes: 1 people, 2 sign, 3 zebra" in run(own, "--coco", own / "coco.json").output


def test_categories_of_coco_can_be_numbered_by_the_file(scene):
    in_place_of(scene, ("predictions",), people=1, zebra=2)
    assert run(scene, "--coco", scene / "coco.json", "--classes", "file").exit_code == 0
    assert len(json.loads((scene / "s.json").read_text())["per_class"]) == 3


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ("coco", "category 0 is 'people', but None in COCO; say --classes file"),
        ("zebra,horse", "no category 'horse'; --classes may name people, sign, zebra"),
        ("zebra,zebra", "no category twice"),
    ],
)
def test_classes_that_the_file_does_not_have(own, classes, words):
    result = run(own, "--coco", own / "coco.json", "--classes", classes)
    assert result.exit_code == 1
    assert words in result.output


@pytest.mark.parametrize(
    "categories",
    [
        [{"id": 0, "name": "a"}, {"id": 0, "name": "b"}],
        [{"id": 0, "name": "a"}, {"id": 1, "name": "a"}],
        [{"id": [0], "name": "a"}],
        [{"id": 0, "name": None}],
        [],
        [{"id": k, "name": str(k)} for k in range(300)],
    ],
)
def test_categories_that_are_none(own, categories):
    content = json.loads((own / "coco.json").read_text())
    content["categories"] = categories
    (own / "coco.json").write_text(json.dumps(content))
    result = run(own, "--coco", own / "coco.json")
    assert result.exit_code == 1
    assert f"Error: {own / 'coco.json'}: " in result.output


def test_a_table_that_cannot_be_written_is_refused_before_scoring(scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for option in ("--instances-output", "--areas-output"):
        result = run(scene, "--coco", scene / "coco.json", option, scene / "rows.parquet")
        assert result.exit_code == 1
        assert "need pyarrow" in result.output
        assert "scored" not in result.output
    assert run(scene, "--coco", scene / "coco.json").exit_code == 0


@pytest.mark.parametrize("option", ["--output", "--instances-output", "--confusion-output"])
def test_an_output_that_cannot_be_made_is_refused_before_scoring(scene, option):
    (scene / "there").mkdir()
    (scene / "file").touch()
    for path, words in (("there", "is a directory"), ("file/below/s.json", "is no folder")):
        result = run(scene, "--coco", scene / "coco.json", option, scene / path)
        assert result.exit_code == 2
        assert words in result.output
        assert "scored" not in result.output
    assert not list((scene / "there").iterdir())
