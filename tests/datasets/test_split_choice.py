"""Splits that are parts of raw lists and of other splits."""

import json
import shutil
from dataclasses import dataclass, replace

import pytest

from smallobjects.datasets.checks.dataset import check_dataset
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco.converter import open_raw as open_coco
from smallobjects.datasets.layouts.lvis.converter import open_raw as open_lvis
from smallobjects.datasets.layouts.voc.converter import open_raw as open_voc
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.splits.choice import choose_splits

SPLITS = {
    "train": {"from": "train_aug", "without": ["tune"]},
    "tune": {"from": "train_aug", "limit": 4, "limit_seed": 1},
    "saliency": {"source": "train_aug", "without": ["train_aug"], "limit": 3},
    "train_aug": {"source": ["train_more", "train_aug"], "limit": 12},
    "val": {"source": "val", "limit": 5},
}


@dataclass(frozen=True)
class Unlabelled:
    """An image whose labels must not be asked for."""

    image: object

    @property
    def image_id(self):
        return self.image.image_id

    def read_labels(self):
        raise AssertionError("labels are read")


def changed(parameters, **changes):
    return DatasetParameters.model_validate({**parameters.model_dump(), **changes})


@pytest.fixture
def parted(voc_parameters):
    return changed(voc_parameters, splits=SPLITS)


def test_parts_of_parts(voc_raw, parted, capfd):
    splits = choose_splits(open_voc(voc_raw, parted), parted).splits
    assert list(splits) == list(SPLITS)
    sizes = {name: len(ids) for name, ids in splits.items()}
    assert sizes == {"train": 8, "tune": 4, "saliency": 3, "train_aug": 12, "val": 5}
    assert sorted(splits["train"] + splits["tune"]) == sorted(splits["train_aug"])
    assert not set(splits["saliency"]) & set(splits["train_aug"])
    listed = (voc_raw / "ImageSets/Segmentation/train_aug.txt").read_text().split()
    for name in ("train", "tune", "saliency", "train_aug"):
        assert splits[name] == [image_id for image_id in listed if image_id in set(splits[name])]
    log = capfd.readouterr().err
    assert "split train_aug: taken from train_aug (" in log
    assert "split tune: 4 of the 12 images of the split train_aug, balanced over classes" in log
    assert "split saliency: 3 of the 24 images of its list, without those of train_aug" in log


def test_the_order_of_a_list_does_not_change_the_choice(voc_raw, parted, tmp_path):
    raw = shutil.copytree(voc_raw, tmp_path / "raw")
    first = choose_splits(open_voc(raw, parted), parted).splits
    path = raw / "ImageSets/Segmentation/train_aug.txt"
    path.write_text("\n".join(reversed(path.read_text().split())) + "\n")
    again = choose_splits(open_voc(raw, parted), parted).splits
    for name in SPLITS:
        assert set(again[name]) == set(first[name])
    assert again["train_aug"] == first["train_aug"][::-1]


def test_a_part_by_chance_reads_no_labels_and_differs_by_its_seed(voc_raw, voc_parameters, capfd):
    def chosen(**changes):
        split = {"source": "train_aug", "limit": 8, **changes}
        parameters = changed(voc_parameters, splits={**voc_parameters.model_dump()["splits"],
                                                     "train_aug": split})  # fmt: skip
        raw = open_voc(voc_raw, parameters)
        images = [Unlabelled(image) for image in raw.images]
        return choose_splits(replace(raw, images=images), parameters).splits["train_aug"]

    first = chosen(balanced=False)
    assert len(first) == 8
    assert "by chance (seed 0)" in capfd.readouterr().err
    assert chosen(balanced=False) == first
    assert chosen(balanced=False, limit_seed=1) != first
    with pytest.raises(AssertionError, match="labels are read"):
        chosen()


def test_only_images_of_a_split_are_read(voc_raw, parted, tmp_path):
    """All files of other images but their annotations are gone, and nobody misses them."""
    chosen = choose_splits(open_voc(voc_raw, parted), parted)
    used = {image_id for ids in chosen.splits.values() for image_id in ids}
    assert [image.image_id for image in chosen.images] == sorted(used)
    raw = shutil.copytree(voc_raw, tmp_path / "raw")
    for folder in ("JPEGImages", "SegmentationClass", "SegmentationClassAug", "SegmentationObject"):
        for path in (raw / folder).iterdir():
            evaluated = path.stem in chosen.splits["val"]
            if path.stem not in used or (folder == "SegmentationObject" and not evaluated):
                path.unlink()
    prepare_dataset("voc", parted, raw, tmp_path / "voc")
    dataset = PreparedDataset.open(tmp_path / "voc")
    assert dataset.description["splits"] == {name: len(ids) for name, ids in chosen.splits.items()}
    assert dataset.description["parts"]["val"].startswith("5 of the 9 images of its list, balanced")
    assert dataset.description["counts"]["images"] == len(used)
    assert list(check_dataset(dataset.root)) == []


def test_an_evaluated_part_needs_its_instance_masks(voc_raw, parted, tmp_path):
    raw = shutil.copytree(voc_raw, tmp_path / "raw")
    image_id = choose_splits(open_voc(raw, parted), parted).splits["val"][0]
    (raw / f"SegmentationObject/{image_id}.png").unlink()
    with pytest.raises(DatasetError, match=rf"{image_id}\.png: no such instance mask; the evalu"):
        prepare_dataset("voc", parted, raw, tmp_path / "voc")


def test_a_plain_voc_2012(voc_raw, voc_parameters, tmp_path):
    """Without the list and the masks of SBD the official train is taken."""
    raw = shutil.copytree(voc_raw, tmp_path / "raw")
    (raw / "ImageSets/Segmentation/train_aug.txt").unlink()
    shutil.rmtree(raw / "SegmentationClassAug")
    splits = {
        "train_aug": {"source": ["train_aug", "train"]},
        "train": {"from": "train_aug"},
        "val": {"source": "val"},
    }
    parameters = changed(voc_parameters, splits=splits)
    prepare_dataset("voc", parameters, raw, tmp_path / "voc")
    dataset = PreparedDataset.open(tmp_path / "voc")
    listed = (raw / "ImageSets/Segmentation/train.txt").read_text().split()
    assert dataset.split("train_aug") == dataset.split("train") == listed


def test_without_parts_nothing_is_said_of_them(voc):
    assert not {"parts", "longest_side"} & set(voc.description)


def test_a_limit_above_the_number_of_images_takes_all(coco_raw, coco_parameters, capfd):
    trained, evaluated = (split.model_dump() for split in coco_parameters.splits.values())
    parameters = changed(
        coco_parameters,
        splits={"train": trained | {"limit": 4}, "val": evaluated | {"limit": 99}},
    )
    chosen = choose_splits(open_coco(coco_raw, parameters), parameters)
    assert [len(ids) for ids in chosen.splits.values()] == [4, 9]
    assert (
        "9 of the 9 images of its list, all there are, as the limit is 99" in capfd.readouterr().err
    )


def test_the_first_coco_file_that_is_there(coco_raw, coco_parameters):
    there = coco_parameters.splits["val"].source
    splits = {
        "train": {"source": ["annotations/none.json", there], "images": "val2014"},
        "val": {"source": there, "images": "val2014"},
    }
    chosen = open_coco(coco_raw, changed(coco_parameters, splits=splits))
    assert chosen.splits["train"] == chosen.splits["val"]


def test_labels_are_those_of_the_whole_image(voc_raw, voc_parameters, coco_raw, coco_parameters):
    for raw in (open_voc(voc_raw, voc_parameters), open_coco(coco_raw, coco_parameters)):
        for image in raw.images:
            assert image.read_labels() == image.read().class_ids


def test_labels_of_lvis_are_those_of_the_whole_image(lvis_raw, lvis_parameters, tmp_path):
    from smallobjects.datasets.layouts.lvis.converter import read_images

    images = read_images(lvis_raw, lvis_parameters.lvis)
    assert any(image.read_labels() for image in images)
    for image in images:
        assert image.read_labels() == image.paint().class_ids
    ids = [image.image_id for image in images]
    (tmp_path / "all.txt").write_text("\n".join(ids))
    split = {"source": ["none.txt", str(tmp_path / "all.txt")], "limit": 7}
    parameters = changed(lvis_parameters, splits={"val": split})
    assert len(choose_splits(open_lvis(lvis_raw, parameters), parameters).splits["val"]) == 7


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"from": "val", "without": ["val"]}, r"'train': all of its 9 images are in val too, whi"),
        ({"source": ["one", "two"]}, r"'train': none of .*one\.txt, .*two\.txt exists; put one"),
    ],
)
def test_refused_when_data_is_opened(voc_raw, voc_parameters, split, message):
    splits = {"train_aug": {"source": "train"}, "train": split, "val": {"source": "val"}}
    parameters = changed(voc_parameters, splits=splits)
    with pytest.raises(DatasetError, match=message):
        choose_splits(open_voc(voc_raw, parameters), parameters)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ({}, "give either `source` .* or `from`"),
        ({"source": "train", "from": "val"}, "`null` takes back one that a layer below gives"),
        ({"source": []}, "at least 1 item"),
        ({"source": ["selection", "train"]}, "`selection` can only stand alone"),
        ({"from": "val", "first": 3}, "belong to a `source`; beside `from` use `limit`"),
        ({"from": "vall"}, r"splits\.train: refers to 'vall', which is no split; splits: \['tr"),
        ({"source": "train", "without": ["vall"]}, "refers to 'vall', which is no split"),
        ({"from": "train"}, "in a circle: train → train; let one of them have a source"),
        ({"from": "tune"}, "in a circle: train → tune → train"),
        ({"source": "train", "limit": 0}, "greater than 0"),
    ],
)
def test_refused_when_the_configuration_is_read(voc_parameters, train, message):
    splits = {
        "train": train,
        "tune": {"from": "val", "without": ["train"]},
        "val": {"source": "val"},
    }
    splits = splits | {"train_aug": {"source": "train_aug"}}
    with pytest.raises(ValueError, match=message):
        changed(voc_parameters, splits=splits)


def test_parameters_travel_as_json(parted):
    text = json.dumps(json.loads(parted.model_dump_json(exclude_none=True)))
    assert DatasetParameters.model_validate_json(text) == parted


def test_an_image_that_is_trained_on_and_evaluated_is_refused(voc_raw, voc_parameters, tmp_path):
    """As where the list `trainval` is trained on."""
    raw = shutil.copytree(voc_raw, tmp_path / "raw")
    lists = raw / "ImageSets/Segmentation"
    shared = (lists / "val.txt").read_text().split()[:2]
    with (lists / "train_aug.txt").open("a") as listed:
        listed.write("\n".join(shared) + "\n")
    message = r"split 'val': 2 of its 9 images are in 'train_aug' too, such as .*val\]"
    with pytest.raises(DatasetError, match=message):
        choose_splits(open_voc(raw, voc_parameters), voc_parameters)
    splits = voc_parameters.model_dump()["splits"]
    apart = changed(
        voc_parameters, splits={**splits, "train_aug": {**splits["train_aug"], "without": ["val"]}}
    )
    chosen = choose_splits(open_voc(raw, apart), apart).splits
    assert not set(chosen["train_aug"]) & set(shared)
