"""The road on real VOC and COCO samples: local paths in the configuration, no special code."""

import json

import pandas as pd
import pytest
from samples import sample_settings

from smallobjects.config.layers import merge

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def sampled(workflow, realdata):
    """Ten VOC images (official instance masks where they are scored) and ten of COCO."""
    few = {
        "voc": {"splits": {"train": {"count": 6}, "val": {"source": "val_obj", "count": 4}}},
        "coco": {"splits": {"train": {"count": 6}, "val": {"count": 4}}},
    }
    datasets = merge(sample_settings(realdata), few)
    datasets["voc"]["instance_masks"] = "SegmentationObject"
    run = workflow({"datasets": ["voc", "coco"], "settings": {"datasets": datasets}})
    run.run()
    return run


def test_every_row_of_table2_is_there(sampled):
    table = pd.read_csv(sampled.folder / "results/tables/table2.csv")
    assert len(table) == 8
    assert table[["miou", "ia_miou", "ia_l"]].notna().all(axis=None)


def test_the_instances_are_those_of_the_samples(sampled, realdata):
    scores = sampled.folder / "results/demo/scores"
    annotations = json.loads((realdata / "coco/annotations/instances_train2017.json").read_text())
    images = sorted({image["file_name"].removesuffix(".jpg") for image in annotations["images"]})
    stems = {
        image["id"]: image["file_name"].removesuffix(".jpg") for image in annotations["images"]
    }
    expected = sum(
        stems[each["image_id"]] in images[60:64] and not each["iscrowd"]
        for each in annotations["annotations"]
    )
    rows = pd.read_parquet(scores / "coco/full/deeplabv2/ce/seed0/instances.parquet")
    assert (rows.class_id > 0).sum() == expected
    assert sorted(rows.image.unique()) == images[60:64]
