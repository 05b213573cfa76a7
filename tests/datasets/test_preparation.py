import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from smallobjects.datasets.class_tables import COCO_CLASSES, VOC_CLASSES, voc_palette
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.preparation.dataset import CONTENT, prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset


def sum_of_folder(folder: Path) -> str:
    return sum_of(sorted(folder.iterdir()))


def sum_of(paths: list[Path]) -> str:
    """What `sha256sum * | sha256sum` prints."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_description(voc, coco, voc_parameters):
    description = voc.description
    assert description["name"] == voc.name == "voc"
    assert description["class_names"] == ["background", *VOC_CLASSES]
    assert coco.class_names == ["background", *COCO_CLASSES]
    assert coco.num_classes == 81
    assert voc.palette == voc_palette(21)
    for key in ("title", "layout", "train", "label_score", "evaluate"):
        assert description[key] == getattr(voc_parameters, key)
    assert description["source"] == "synthetic"
    assert description["size_limits"] == [150, 900]
    assert description["splits"] == {"train_aug": 24, "train": 16, "val": 9}
    for dataset in (voc, coco):
        folders = {"semantic": "semantic", "instances": "instances", "lists": "splits"}
        for key, folder in folders.items():
            assert dataset.description["checksums"][key] == sum_of_folder(dataset.root / folder)
        tables = sorted(dataset.root.glob("*.parquet"))
        assert dataset.description["checksums"]["tables"] == sum_of(tables)


def test_counts(voc):
    counts = voc.description["counts"]
    assert counts["images"] == len(list((voc.root / "semantic").iterdir())) == 33
    assert counts["images_without_instance_mask"] == 24 - 16
    assert counts["instances"] == len(voc.instance_table)
    for split in ("train_aug", "train", "val"):
        rows = voc.instance_table[voc.instance_table["image"].isin(voc.split(split))]
        for size in ("small", "medium", "large"):
            assert counts["instances_by_size"][split][size] == (rows["size"] == size).sum()


def test_folder_holds_what_the_format_says(voc):
    assert {path.name for path in voc.root.iterdir()} == CONTENT
    ids = {*voc.split("train_aug"), *voc.split("val")}
    assert {path.stem for path in (voc.root / "images").iterdir()} == ids
    assert {path.stem for path in (voc.root / "semantic").iterdir()} == ids
    for path in (voc.root / "images").iterdir():
        assert path.is_symlink()
        assert path.readlink().is_absolute()
        assert path.resolve().parent.name == "JPEGImages"
    boxes = pd.read_parquet(voc.root / "boxes.parquet")
    assert list(boxes.columns) == ["image", "class_id", "x0", "y0", "x1", "y1"]
    assert list(boxes["image"]) == sorted(boxes["image"])


def test_links_are_absolute_and_resolved_for_a_relative_raw_folder(
    coco_raw, coco_parameters, tmp_path, monkeypatch
):
    (tmp_path / "link").symlink_to(coco_raw)
    monkeypatch.chdir(tmp_path)
    prepare_dataset("coco", coco_parameters, "link", "prepared")
    first = next((tmp_path / "prepared/images").iterdir())
    assert first.readlink() == first.resolve()


@pytest.mark.parametrize("layout", ["voc", "coco"])
def test_bytes_do_not_depend_on_the_run_or_the_workers(layout, request, tmp_path, read_files):
    first = request.getfixturevalue(layout)
    raw = request.getfixturevalue(f"{layout}_raw")
    prepare_dataset(
        layout, request.getfixturevalue(f"{layout}_parameters"), raw, tmp_path / "again", workers=2
    )
    assert read_files(tmp_path / "again") == read_files(first.root)


def test_missing_raw_folder(voc_parameters, tmp_path):
    with pytest.raises(DatasetError, match="absent: no such folder of raw data"):
        prepare_dataset("voc", voc_parameters, tmp_path / "absent", tmp_path / "prepared")


def test_unfinished_dataset_is_replaced_and_other_folders_are_not(
    coco_raw, coco_parameters, tmp_path
):
    target = tmp_path / "prepared"
    (target / "images").mkdir(parents=True)
    (target / "images/left.jpg").write_text("over")
    prepare_dataset("coco", coco_parameters, coco_raw, target)
    assert not (target / "images/left.jpg").exists()
    (target / "thesis.tex").write_text("years of work")
    with pytest.raises(DatasetError, match=r"holds 'thesis\.tex', .* not replaced"):
        prepare_dataset("coco", coco_parameters, coco_raw, target)
    assert (target / "thesis.tex").exists()


def test_raw_folder_is_not_replaced_by_its_own_prepared_form(coco_raw, coco_parameters, tmp_path):
    raw = shutil.copytree(coco_raw, tmp_path / "raw")
    with pytest.raises(DatasetError, match="not replaced"):
        prepare_dataset("coco", coco_parameters, raw, raw)


PREPARE = """
import sys
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
parameters = DatasetParameters.model_validate_json(sys.argv[1])
prepare_dataset("voc", parameters, sys.argv[2], sys.argv[3])
"""


def test_killed_preparation_leaves_no_dataset_and_the_next_one_is_whole(
    voc, voc_raw, voc_parameters, tmp_path, read_files
):
    target, partial = tmp_path / "voc", ".voc.*.partial/semantic/*"
    text = json.dumps(voc_parameters.model_dump(mode="json"))
    arguments = [sys.executable, "-c", PREPARE, text, str(voc_raw), str(target)]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(tmp_path.glob(partial)):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert any(tmp_path.glob(partial))
    assert not target.exists()
    with pytest.raises(FileNotFoundError, match="not a prepared dataset"):
        PreparedDataset.open(target)
    prepare_dataset("voc", voc_parameters, voc_raw, target)
    assert read_files(target) == read_files(voc.root)
    assert [path.name for path in tmp_path.iterdir()] == ["voc"]


def test_a_wrong_number_of_classes_is_refused(tmp_path, voc_raw, voc_parameters):
    wrong = voc_parameters.model_copy(update={"num_classes": 12})
    with pytest.raises(DatasetError, match="num_classes must be 21, not 12"):
        prepare_dataset("voc", wrong, voc_raw, tmp_path / "voc")
