"""The scale `photos` on a few real photographs, with the real pretrained backbone."""

import json

import pandas as pd
import pytest
from small_workflow import Workflow

from smallobjects.config.layers import merge
from smallobjects.datasets.prepared import PreparedDataset

pytestmark = pytest.mark.realdata

FEW = {
    "scale": "photos",
    "datasets": ["voc"],
    "matrix": [{"labels": ["irn", "edam", "full"], "segmentors": ["deeplabv3plus"]}],
    "losses": ["ce", "sw", "sb"],
    "compute": {"device": "cpu"},
    "settings": {
        "datasets": {
            "voc": {
                "longest_side": 128,
                "size_limits": [67, 604],
                "splits": {
                    "saliency": {"limit": 6},
                    "train_aug": {"limit": 14},
                    "tune": {"limit": 4},
                    "val": {"limit": 5},
                },
                "saliency": {"training": {"crop_size": 96, "steps": 2, "batch_size": 2}},
            }
        },
        "methods": {
            "irn": {
                "stages": {
                    "classifier": {"crop_size": 96, "epochs": 2, "batch_size": 7},
                    "cam": {"scales": [1.0]},
                    "edges": {"crop_size": 96, "epochs": 1, "batch_size": 7},
                }
            },
            "edam": {
                "stages": {
                    "edam": {"crop_size": 96, "passes": 1, "warm_up": 1},
                    "cam": {"scales": [1.0]},
                }
            },
        },
        "segmentors": {
            "deeplabv3plus": {
                "schedule": {"iterations": 4, "shared_iterations": 2, "batch_size": 2}
            }
        },
    },
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory, repository, realdata):
    raw = {"settings": {"datasets": {"voc": {"raw": str(realdata / "voc320" / "VOC2012")}}}}
    run = Workflow(tmp_path_factory.mktemp("photos"), repository, merge(FEW, raw))
    run.run()
    return run


@pytest.fixture(scope="module")
def dataset(photos):
    return PreparedDataset.open(photos.folder / "results/photos/datasets/voc")


def test_every_row_of_table2_is_there_and_marked_where_it_must_be(photos):
    table = pd.read_csv(photos.folder / "results/tables/table2.csv").set_index(["labels", "loss"])
    assert len(table) == 9
    assert table["miou"].notna().all()
    assert table.loc["irn", "remark"].isna().all()
    assert table.loc["edam", "remark"].str.contains("stand-in detector").all()
    assert "photos scale" in (photos.folder / "results/tables/table2.tex").read_text()


def test_images_are_small_and_the_splits_apart(dataset):
    splits = {name: set(dataset.split(name)) for name in
              ("saliency", "train_aug", "tune", "train", "val")}  # fmt: skip
    sizes = {name: len(ids) for name, ids in splits.items()}
    assert sizes == {"saliency": 6, "train_aug": 14, "tune": 4, "train": 10, "val": 5}
    assert splits["tune"] | splits["train"] == splits["train_aug"]
    assert not splits["tune"] & splits["train"]
    assert not splits["saliency"] & (splits["train_aug"] | splits["val"])
    longest = {max(dataset.read_image(image_id).shape) for image_id in splits["train_aug"]}
    assert longest == {128}


def test_the_manifest_says_with_what_the_labels_are_made(photos):
    labels = photos.folder / "results/photos/pseudo_labels/voc"
    irn = json.loads((labels / "irn/manifest.json").read_text())
    assert irn["scored_images"] == 10
    assert irn["parameters"]["classifier"]["weights"] == "weights/efficientnet_lite0.pth"
    assert isinstance(irn["warnings"], list)
    edam = json.loads((labels / "edam/manifest.json").read_text())
    origin = edam["inputs"]["saliency"]["origin"]
    assert origin["training"]["split"] == "saliency"
    assert origin["statement"] == "trained on masks of 6 other images"


def test_nothing_is_left_to_do(photos):
    assert "Nothing to be done" in photos.run()
