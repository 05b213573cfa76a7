"""`smallobjects score --coco`: an annotation file in place of the two folders."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
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
