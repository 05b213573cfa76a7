"""`smallobjects score`: folders in, files out."""

import hashlib
import json
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image
from reference_scores import confusion_loop, instance_rows, summary_by_loops

from smallobjects.cli import main
from smallobjects.cli.metrics import _useful_workers

SMALL_LIMITS = (50, 200)


def run(folders, *extra, classes=4):
    arguments = ["score", "--num-classes", str(classes), "--output", str(folders / "scores.json")]
    for name in ("predictions", "semantic", "instances"):
        arguments += [f"--{name}", str(folders / name)]
    return CliRunner().invoke(main, [*arguments, *map(str, extra)], catch_exceptions=False)


def outputs(folders, tag):
    return [folders / f"{tag}.parquet", folders / f"{tag}.npy"]


def run_all(folders, tag, *extra):
    rows, confusion = outputs(folders, tag)
    result = run(folders, "--instances-output", rows, "--confusion-output", confusion, *extra)
    assert result.exit_code == 0, result.output
    files = [folders / "scores.json", rows, confusion]
    return result, [path.read_bytes() for path in files]


def masks_of(folders, name):
    read = [np.asarray(Image.open(path)) for path in sorted((folders / name).glob("*.png"))]
    assert len(read) == 40
    return read


def test_scores_agree_with_the_reference(folders):
    run_all(folders, "one", "--size-limits", *SMALL_LIMITS)
    predictions, semantics, instances = (
        masks_of(folders, name) for name in ("predictions", "semantic", "instances")
    )
    expected = [
        (f"im_{k:02}", *row)
        for k, scene in enumerate(zip(predictions, semantics, instances, strict=True))
        for row in instance_rows(*scene, 4, SMALL_LIMITS)
    ]
    table = pd.read_parquet(folders / "one.parquet")
    assert list(table.columns) == [
        "image", "class_id", "instance_id", "area", "size", "intersection", "charged", "iou"
    ]  # fmt: skip
    assert list(table.fillna({"size": ""}).itertuples(index=False, name=None)) == expected
    assert table.loc[table["class_id"] == 0, "size"].isna().all()

    counts = sum(
        np.array(confusion_loop(p, s, 4)) for p, s in zip(predictions, semantics, strict=True)
    )
    assert np.load(folders / "one.npy").tolist() == counts.tolist()
    summary = json.loads((folders / "scores.json").read_text())
    means = summary_by_loops([row[1:] for row in expected], counts.tolist(), 4)
    assert {key: summary[key] for key in means} == pytest.approx(means)
    assert list(summary) == [
        *means, "per_class", "instances", "miou_i", "miou_c", "intervals", "bootstrap", "checksums"
    ]  # fmt: skip
    assert summary["instances"]["total"] == sum(row[1] > 0 for row in expected)


def test_outputs_do_not_depend_on_the_number_of_workers(folders, monkeypatch):
    monkeypatch.setattr("smallobjects.metrics.folders.BATCH", 7)
    _, alone = run_all(folders, "alone")
    _, together = run_all(folders, "together", "--workers", 3)
    assert alone == together


def test_prints_percentages(folders):
    result, _ = run_all(folders, "one")
    miou = json.loads((folders / "scores.json").read_text())["miou"]
    assert f"{100 * miou:.1f}" in result.output
    assert "40 images" in result.output
    assert "scored 40 of 40 images" in result.output


def test_scores_the_images_of_a_list_in_its_order(folders):
    (folders / "list.txt").write_text("im_07\nim_03\n")
    run_all(folders, "few", "--images", folders / "list.txt")
    table = pd.read_parquet(folders / "few.parquet")
    assert list(dict.fromkeys(table["image"])) == ["im_07", "im_03"]


def test_palette_and_16_bit_masks_are_read_as_ids(folders):
    _, before = run_all(folders, "before")
    for number, path in enumerate(sorted((folders / "predictions").glob("*.png"))):
        mask = np.asarray(Image.open(path))
        if number % 2:
            image = Image.fromarray(mask, mode="P")
            image.putpalette([200, 30, 90, 10, 20, 30] * 128)
        else:
            image = Image.fromarray(mask.astype(np.uint16))
        image.save(path)
    _, after = run_all(folders, "after")
    assert before == after


def test_undefined_scores_are_null(folders, save_mask):
    for name in ("predictions", "semantic", "instances"):
        save_mask(
            folders / name / "void.png", np.full((4, 4), 255 * (name != "predictions"), np.uint8)
        )
    (folders / "list.txt").write_text("void\n")
    run_all(folders, "void", "--images", folders / "list.txt")
    summary = json.loads((folders / "scores.json").read_text())
    assert summary["ia_miou"] is None
    assert summary["miou"] is None
    assert len(pd.read_parquet(folders / "void.parquet")) == 0


def colour(folders):
    Image.new("RGB", (40, 30)).save(folders / "predictions" / "im_05.png")


def colour_truth(folders):
    Image.new("RGBA", (40, 30)).save(folders / "instances" / "im_05.png")


def four_bits(folders):
    path = folders / "semantic" / "im_05.png"
    Image.new("1", (40, 30)).save(path)


def jpeg(folders):
    Image.new("L", (40, 30)).save(folders / "predictions" / "im_05.png", format="JPEG")


def cut_short(folders):
    path = folders / "predictions" / "im_05.png"
    path.write_bytes(path.read_bytes()[:60])


def other_size(folders):
    Image.new("L", (20, 15)).save(folders / "predictions" / "im_05.png")


def wrong_class(folders):
    Image.new("L", (40, 30), 4).save(folders / "predictions" / "im_05.png")


def wrong_truth(folders):
    Image.new("L", (40, 30), 200).save(folders / "semantic" / "im_05.png")


def no_class(folders):
    Image.new("L", (40, 30), 0).save(folders / "semantic" / "im_05.png")
    Image.new("L", (40, 30), 3).save(folders / "instances" / "im_05.png")


def two_classes(folders):
    semantic = np.full((30, 40), 1, np.uint8)
    semantic[0, 0] = 2
    Image.fromarray(semantic).save(folders / "semantic" / "im_05.png")
    Image.new("L", (40, 30), 3).save(folders / "instances" / "im_05.png")


@pytest.mark.parametrize(
    ("damage", "file", "words"),
    [
        (lambda f: (f / "semantic/im_05.png").unlink(), "semantic", "no class mask"),
        (lambda f: (f / "instances/im_05.png").unlink(), "instances", "no instance mask"),
        (colour, "predictions", "RGB image"),
        (colour_truth, "instances", "RGBA image"),
        (four_bits, "semantic", "grey PNG of 1 bits"),
        (jpeg, "predictions", "not a PNG"),
        (cut_short, "predictions", "damaged"),
        (other_size, "predictions", "15×20 pixels"),
        (wrong_class, "predictions", "class 4 in 1200 pixels; expected 0..3"),
        (wrong_truth, "semantic", "class 200"),
        (no_class, "instances", "instance 3 has no class"),
        (two_classes, "instances", "instance 3 has the classes 1, 2 in the class mask"),
    ],
)
def test_errors_name_the_file_and_leave_nothing(folders, damage, file, words):
    damage(folders)
    assert_refused(folders, file, words, workers=1)


def test_errors_cross_processes(folders):
    other_size(folders)
    assert_refused(folders, "predictions", "15×20 pixels", workers=2)


def test_a_killed_worker_is_reported(folders, monkeypatch):
    def die(*_):
        raise BrokenProcessPool("a child process terminated abruptly")

    monkeypatch.setattr("smallobjects.metrics.folders.score_batches", die)
    result = run(folders, "--workers", 2)
    assert result.exit_code == 1
    assert "Error: a worker was killed" in result.output


def assert_refused(folders, file, words, workers):
    rows, confusion = outputs(folders, "bad")
    result = run(
        folders, "--instances-output", rows, "--confusion-output", confusion, "--workers", workers
    )
    assert result.exit_code == 1
    error = result.output.splitlines()[-1]
    assert error.startswith("Error: ")
    assert str(folders / file / "im_05.png") in error
    assert words in error
    assert not any(path.exists() for path in (rows, confusion, folders / "scores.json"))


def test_a_listed_image_must_have_a_prediction(folders):
    (folders / "list.txt").write_text("im_01\nim_99\n")
    result = run(folders, "--images", folders / "list.txt")
    assert result.exit_code == 1
    assert f"{folders / 'predictions' / 'im_99.png'}: there is no prediction" in result.output


@pytest.mark.parametrize(
    ("content", "words"), [("", "no image ids"), ("im_01\nim_02\nim_01\n", "im_01 is named more")]
)
def test_refuses_a_list_that_is_no_list(folders, content, words):
    (folders / "list.txt").write_text(content)
    result = run(folders, "--images", folders / "list.txt")
    assert result.exit_code == 1
    assert str(folders / "list.txt") in result.output
    assert words in result.output


def test_refuses_an_empty_folder(folders):
    for path in (folders / "predictions").iterdir():
        path.unlink()
    result = run(folders)
    assert result.exit_code == 1
    assert "no PNG files" in result.output


@pytest.mark.parametrize("name", ["semantic", "instances"])
def test_refuses_an_empty_folder_of_ground_truth(folders, name):
    for path in (folders / name).iterdir():
        path.unlink()
    result = run(folders)
    assert result.exit_code == 1
    assert f"{folders / name}: no PNG files" in result.output


@pytest.mark.parametrize("name", ["predictions", "semantic", "instances"])
def test_skips_what_is_missing_only_when_asked(folders, name):
    for number in (5, 17):
        (folders / name / f"im_{number:02}.png").unlink()
    result = run(folders)
    assert result.exit_code == 1
    assert str(folders / name / "im_05.png") in result.output
    assert "2 of 40 images" in result.output
    assert not (folders / "scores.json").exists()

    result, files = run_all(folders, "skipped", "--skip-missing")
    assert "skipped 2 images" in result.output
    rest = [f"im_{number:02}" for number in range(40) if number not in (5, 17)]
    (folders / "list.txt").write_text("\n".join(rest))
    assert files == run_all(folders, "listed", "--images", folders / "list.txt")[1]


def test_skipping_says_so_when_nothing_is_missing(folders):
    assert "skipped 0 images" in run_all(folders, "all", "--skip-missing")[0].output


def test_refuses_to_skip_everything(folders):
    for path in (folders / "instances").iterdir():
        path.rename(path.with_stem("other_" + path.stem))
    result = run(folders, "--skip-missing")
    assert result.exit_code == 1
    assert "of every image something is missing" in result.output


def test_skips_no_damaged_file(folders):
    cut_short(folders)
    result = run(folders, "--skip-missing")
    assert result.exit_code == 1
    assert f"{folders / 'predictions' / 'im_05.png'}: this prediction is damaged" in result.output


def test_no_class_may_be_predicted(folders):
    path = folders / "predictions" / "im_05.png"
    Image.new("L", (40, 30), 255).save(path)
    run_all(folders, "none")
    confusion = np.load(folders / "none.npy")
    assert confusion.shape == (4, 5)
    truth = np.asarray(Image.open(folders / "semantic" / "im_05.png"))
    assert confusion[:, -1].sum() == np.count_nonzero(truth != 255)


def test_refuses_size_limits_that_do_not_rise(folders):
    result = run(folders, "--size-limits", 96, 32)
    assert result.exit_code == 2
    assert "must rise" in result.output


def test_uses_all_cores_where_there_is_work_for_them(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    found = [_useful_workers(images) for images in (1, 256, 1000, 40000)]
    assert found == [1, 1, 3, 8]


def test_names_and_folders_as_other_systems_leave_them(folders):
    _, expected = run_all(folders, "plain")
    for folder in ("predictions", "semantic", "instances"):
        (folders / folder / "im_03.png").rename(folders / folder / "im_03.PNG")
        (folders / folder / "im_04.png").rename(folders / folder / "im 04.png")
        (folders / folder / "._im_05.png").write_bytes(b"\0\5\x16\7")
        (folders / folder / ".hidden.png").write_bytes(b"")
        (folders / folder / "sub.png").mkdir()
    names = [f"im_{number:02}" for number in range(40)]
    names[4] = "im 04"
    text = "\ufeff" + "\r\n".join(names) + "\r\n"
    (folders / "list.txt").write_bytes(text.encode())
    for extra in ([], ["--images", folders / "list.txt"]):
        _, found = run_all(folders, "odd", *extra)
        # The resamples of the intervals follow the order of the names, as the table does.
        scores = [json.loads(each[0]) for each in (found, expected)]
        assert [each.pop("intervals") is not None for each in scores] == [True, True]
        assert len({each.pop("checksums")["confusion"] for each in scores}) == 1
        assert scores[0] == scores[1]
        assert found[2] == expected[2]


def test_a_list_that_is_no_text_is_refused_by_name(folders):
    (folders / "list.txt").write_bytes("im_03\n".encode("utf-16"))
    result = run(folders, "--images", folders / "list.txt")
    assert result.exit_code == 1
    assert f"{folders / 'list.txt'}: no list of image ids" in result.output


def test_the_scores_name_the_checksums_of_what_is_written_beside_them(folders):
    run_all(folders, "one")
    rows, confusion = outputs(folders, "one")
    stated = json.loads((folders / "scores.json").read_text())["checksums"]
    assert stated == {
        "instances": hashlib.sha256(rows.read_bytes()).hexdigest(),
        "confusion": hashlib.sha256(confusion.read_bytes()).hexdigest(),
    }
    run(folders)
    assert "checksums" not in json.loads((folders / "scores.json").read_text())
