import shutil

import numpy as np
import pytest
from PIL import Image

from smallobjects.datasets.layouts.voc import synthetic as synthetic_voc
from smallobjects.datasets.layouts.voc.converter import open_raw
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.synthetic.scenes import void_border


@pytest.fixture
def raw(tiny_voc_raw, tmp_path):
    """A copy to change."""
    return shutil.copytree(tiny_voc_raw, tmp_path / "VOC2012")


def test_prepared_masks_are_the_drawn_ones(voc, scene_parameters):
    lists = synthetic_voc.plan_images(scene_parameters)
    for split in ("train_aug", "val"):
        assert voc.split(split) == lists[split]
        for index, image_id in enumerate(lists[split]):
            scene = synthetic_voc.draw_image(scene_parameters, split, index)
            border = void_border(scene.instances)
            only_class_mask = split == "train_aug" and image_id not in lists["train"]
            if only_class_mask:
                assert (voc.read_semantic(image_id) == scene.semantic).all()
                assert not voc.instances_path(image_id).exists()
            else:
                semantic = np.where(border, 255, scene.semantic)
                assert (voc.read_semantic(image_id) == semantic).all()
                instances = np.where(border, 255, scene.instances)
                assert (voc.read_instances(image_id) == instances).all()


def test_prepared_labels_and_boxes_are_the_drawn_ones(voc, scene_parameters):
    import pandas as pd

    boxes = pd.read_parquet(voc.root / "boxes.parquet")
    for split in ("train_aug", "val"):
        for index, image_id in enumerate(voc.split(split)):
            scene = synthetic_voc.draw_image(scene_parameters, split, index)
            classes = [item.class_id for item in scene.objects]
            assert voc.image_classes[image_id] == tuple(sorted(set(classes)))
            expected = []
            for instance_id, class_id in enumerate(classes, start=1):
                y, x = np.nonzero(scene.instances == instance_id)
                expected.append([class_id, x.min(), y.min(), x.max() + 1, y.max() + 1])
            found = boxes[boxes["image"] == image_id].drop(columns="image")
            assert found.to_numpy().tolist() == expected


def test_first_folder_that_has_a_mask_is_used(raw, voc_parameters, tmp_path):
    masks = ("SegmentationClassAug", "SegmentationClass")
    parameters = voc_parameters.model_copy(update={"semantic_masks": masks})
    prepare_dataset("voc", parameters, raw, tmp_path / "prepared")
    dataset = PreparedDataset.open(tmp_path / "prepared")
    for image_id in dataset.split("train"):
        assert not (dataset.read_semantic(image_id) == 255).any()
    assert (dataset.read_semantic(dataset.split("val")[0]) == 255).any()


def test_instance_mask_may_be_missing_outside_the_evaluated_split(raw, voc_parameters, tmp_path):
    (raw / "SegmentationObject/2007_000032.png").unlink()
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "prepared")
    dataset = PreparedDataset.open(tmp_path / "prepared")
    assert not dataset.instances_path("2007_000032").exists()
    assert "2007_000032" not in set(dataset.instance_table["image"])
    assert "2007_000032" in dataset.image_classes


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_images(mode, raw, voc_parameters, tmp_path):
    path = raw / "JPEGImages/2009_000013.jpg"
    with Image.open(path) as image:
        expected = np.asarray(image.convert(mode).convert("RGB"), int)
        image.convert(mode).save(path, quality=98, subsampling=0)
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "prepared")
    image = PreparedDataset.open(tmp_path / "prepared").read_image("2009_000013")
    assert image.shape == (48, 48, 3)
    assert np.abs(image - expected).mean() < 4


def test_a_turned_image_keeps_the_pixels_its_masks_refer_to(raw, voc_parameters, tmp_path):
    """An image of 40×48 pixels whose EXIF mark asks viewers to show it as 48×40."""
    turned = Image.Exif()
    turned[0x0112] = 6
    path = raw / "JPEGImages/2009_000013.jpg"
    with Image.open(path) as image:
        upright = image.crop((0, 0, 48, 40))
    upright.save(path, quality=98, subsampling=0, exif=turned)
    for folder in ("SegmentationClass", "SegmentationObject"):
        mask = raw / folder / "2009_000013.png"
        with Image.open(mask) as image:
            image.crop((0, 0, 48, 40)).save(mask)
    text = (raw / "Annotations/2009_000013.xml").read_text()
    objects = text[: text.index("<object>", text.index("</object>"))] + "</annotation>"
    cut = objects.replace("<height>48", "<height>40")
    (raw / "Annotations/2009_000013.xml").write_text(cut)
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "prepared")
    dataset = PreparedDataset.open(tmp_path / "prepared")
    assert dataset.read_semantic("2009_000013").shape == (40, 48)
    image = dataset.read_image("2009_000013")
    assert np.abs(image - np.asarray(upright, int)).mean() < 4


def test_image_without_objects(raw, voc_parameters, tmp_path):
    """An annotation without objects and masks of background: an image like any other."""
    image_id = "2009_000013"
    (raw / f"Annotations/{image_id}.xml").write_text("<annotation></annotation>")
    for folder in ("SegmentationClass", "SegmentationObject"):
        Image.new("L", (48, 48)).save(raw / folder / f"{image_id}.png")
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "prepared")
    dataset = PreparedDataset.open(tmp_path / "prepared")
    assert image_id in dataset.split("val")
    assert not dataset.read_semantic(image_id).any()
    assert not dataset.read_instances(image_id).any()
    for table in (dataset.instance_table, dataset.box_table):
        assert image_id not in set(table["image"])
    assert image_id not in dataset.image_classes


def test_slices_follow_the_order_of_the_list(raw, voc_parameters):
    (raw / "ImageSets/Segmentation/mixed.txt").write_text("2009_000018\n2007_000032\n2009_000013\n")
    splits = {
        "train": {"source": "mixed", "first": 1, "count": 1},
        "val": {"source": "mixed", "first": 1},
    }
    parameters = {**voc_parameters.model_dump(), "splits": splits, "train": "train"}
    dataset = open_raw(raw, DatasetParameters.model_validate(parameters))
    assert dataset.splits == {"train": ["2007_000032"], "val": ["2007_000032", "2009_000013"]}
    assert [image.image_id for image in dataset.images] == ["2007_000032", "2009_000013"]


def real_parameters(**changes):
    return DatasetParameters.model_validate(
        {
            "title": "PASCAL VOC",
            "layout": "voc",
            "num_classes": 21,
            "raw": "real",
            "splits": {"train": {"source": "train_obj"}, "val": {"source": "val_obj"}},
            "train": "train",
            "label_score": "train",
            "evaluate": "val",
            **changes,
        }
    )


def test_real_images_with_official_instances(realdata, tmp_path):
    raw = realdata / "VOCdevkit/VOC2012"
    prepare_dataset("voc", real_parameters(), raw, tmp_path / "voc")
    dataset = PreparedDataset.open(tmp_path / "voc")
    assert (len(dataset.split("train")), len(dataset.split("val"))) == (24, 20)
    table = dataset.instance_table
    for image_id in [*dataset.split("train"), *dataset.split("val")]:
        with Image.open(raw / "SegmentationClass" / f"{image_id}.png") as image:
            official = np.asarray(image)
        with Image.open(raw / "SegmentationObject" / f"{image_id}.png") as image:
            official_instances = np.asarray(image)
        assert (dataset.read_semantic(image_id) == official).all()
        assert (dataset.read_instances(image_id) == official_instances).all()
        rows = table[table["image"] == image_id]
        assert list(rows["instance_id"]) == sorted(set(official_instances.flat) - {0, 255})
        for row in rows.itertuples():
            mask = official_instances == row.instance_id
            y, x = np.nonzero(mask)
            assert row.area == mask.sum()
            assert (row.x0, row.y0) == (x.min(), y.min())
            assert (row.x1, row.y1) == (x.max() + 1, y.max() + 1)
            size = "small" if row.area < 1024 else "medium" if row.area < 9216 else "large"
            assert row.size == size
            # Official masks agree: an instance lies on pixels of one class.
            assert set(official[mask]) == {row.class_id}
        assert (dataset.read_image(image_id).shape[:2]) == official.shape


def test_real_images_with_derived_instances(realdata, tmp_path):
    """All 240 images; labels against the published list of image-level labels."""
    raw = realdata / "VOCdevkit/VOC2012"
    parameters = real_parameters(
        splits={"train": {"source": "train"}, "val": {"source": "val"}},
        instance_masks="SegmentationObject_derived",
    )
    prepare_dataset("voc", parameters, raw, tmp_path / "voc", workers=2)
    dataset = PreparedDataset.open(tmp_path / "voc")
    ids = [*dataset.split("train"), *dataset.split("val")]
    assert len(ids) == 240
    published = np.load(realdata / "voc_lists/cls_labels.npy", allow_pickle=True).item()
    compared = 0
    for image_id in ids:
        number = int(image_id.replace("_", ""))
        if number not in published:
            continue
        compared += 1
        expected = {index + 1 for index in np.flatnonzero(published[number])}
        found = set(dataset.image_classes[image_id])
        official = "<pose>" in (raw / "Annotations" / f"{image_id}.xml").read_text()
        if official:
            assert found == expected
        else:
            # Rebuilt files lack difficult objects, and with them a class now and then.
            assert found <= expected
    assert compared > 100


def test_names_and_lists_as_other_systems_leave_them(raw, voc_parameters, tmp_path):
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "plain")
    plain = PreparedDataset.open(tmp_path / "plain")
    expected = plain.read_image("2009_000013").tobytes()
    for folder, suffix in (
        ("JPEGImages", ".JPG"), ("SegmentationClass", ".PNG"), ("SegmentationObject", ".PNG"),
    ):  # fmt: skip
        for path in list((raw / folder).iterdir()):
            path.rename(path.with_suffix(suffix))
            (raw / folder / f"._{path.name}").write_bytes(b"\0\5")
    for path in (raw / "ImageSets/Segmentation").glob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    prepare_dataset("voc", voc_parameters, raw, tmp_path / "odd")
    odd = PreparedDataset.open(tmp_path / "odd")
    assert odd.description == plain.description
    assert odd.read_image("2009_000013").tobytes() == expected
