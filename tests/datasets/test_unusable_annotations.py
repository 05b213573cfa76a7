"""Annotations that cannot be used: all named at once, or left out and counted."""

import json
import shutil

import numpy as np
import pytest

from smallobjects.datasets.checks.dataset import check_dataset
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset

SOURCE = "annotations/instances_val2014.json"
BAD = {
    "no part": {"segmentation": []},
    "a line": {"segmentation": [[1, 1, 5, 5]]},
    "far out": {"segmentation": [[1, 1, 1e9, 5, 5, 5]]},
    "image as text": {"image_id": "42"},
    "another image": {"image_id": 4711},
    "category as a list": {"category_id": [1]},
    "box": {"bbox": [1, 1, -3, 4]},
}


@pytest.fixture
def raw(tiny_coco_raw, tmp_path):
    return shutil.copytree(tiny_coco_raw, tmp_path / "coco")


@pytest.fixture
def damaged(raw):
    """Bad annotations beside the good ones, one of each kind, and one whose id is taken."""
    content = json.loads((raw / SOURCE).read_text())
    good = content["annotations"][0]
    bad = [good | change | {"id": 900 + k} for k, change in enumerate(BAD.values())]
    content["annotations"] = [*bad[:3], *content["annotations"], *bad[3:], dict(good)]
    (raw / SOURCE).write_text(json.dumps(content))
    return raw


def test_all_are_named_at_once(damaged, coco_parameters, tmp_path):
    with pytest.raises(DatasetError) as caught:
        prepare_dataset("coco", coco_parameters, damaged, tmp_path / "prepared")
    message = str(caught.value)
    assert message.startswith(str(damaged / SOURCE))
    assert all(f"annotation {900 + k} " in message for k in range(len(BAD)))
    assert "two annotations have the id 1" in message
    assert "unusable_annotations: leave_out" in message
    assert "\n" not in message


def test_what_is_left_out_is_counted_and_changes_nothing_else(
    raw, damaged, tiny_coco_raw, coco_parameters, tmp_path, capsys
):
    prepare_dataset("coco", coco_parameters, tiny_coco_raw, tmp_path / "whole")
    lenient = coco_parameters.model_copy(update={"unusable_annotations": "leave_out"})
    prepare_dataset("coco", lenient, damaged, tmp_path / "left")
    assert f"{len(BAD) + 1} annotations left out" in capsys.readouterr().err
    whole, left = (PreparedDataset.open(tmp_path / name) for name in ("whole", "left"))
    counts = left.description["counts"]
    assert counts.pop("unusable_annotations") == len(BAD) + 1
    assert counts == whole.description["counts"]
    assert left.instance_table.equals(whole.instance_table)
    assert left.box_table.equals(whole.box_table)
    for image_id in whole.split("val"):
        assert np.array_equal(left.read_instances(image_id), whole.read_instances(image_id))
    assert not list(check_dataset(tmp_path / "left"))


def test_hundreds_are_one_line_that_says_how_many(raw, coco_parameters, tmp_path):
    content = json.loads((raw / SOURCE).read_text())
    good = content["annotations"][0]
    content["annotations"] += [good | {"id": 900 + k, "segmentation": []} for k in range(300)]
    (raw / SOURCE).write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="and 290 more") as caught:
        prepare_dataset("coco", coco_parameters, raw, tmp_path / "prepared")
    assert len(str(caught.value)) < 2000


def test_other_layouts_leave_nothing_out(voc_parameters):
    values = voc_parameters.model_dump() | {"unusable_annotations": "leave_out"}
    with pytest.raises(ValueError, match="only the layout `coco`"):
        DatasetParameters.model_validate(values)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_any_encoding_of_json_is_read(raw, coco_parameters, tmp_path, encoding):
    (raw / SOURCE).write_bytes((raw / SOURCE).read_text("utf-8").encode(encoding))
    prepare_dataset("coco", coco_parameters, raw, tmp_path / "prepared")
