import json
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools.coco import COCO

from smallobjects.datasets.class_tables import COCO_CATEGORIES, COCO_CLASS_IDS
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco import synthetic as synthetic_coco
from smallobjects.datasets.layouts.coco.converter import paint_instances, semantic_from_instances
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset

SOURCE = "annotations/instances_val2014.json"


@pytest.fixture
def raw(tiny_coco_raw, tmp_path):
    """A copy to change."""
    return shutil.copytree(tiny_coco_raw, tmp_path / "coco")


@pytest.fixture
def edit(raw):
    """Return the content of the val annotations and a function that writes it back."""
    content = json.loads((raw / SOURCE).read_text())
    return content, lambda: (raw / SOURCE).write_text(json.dumps(content))


def val_parameters(**changes):
    return DatasetParameters.model_validate(
        {
            "title": "COCO",
            "layout": "coco",
            "num_classes": 81,
            "raw": "real",
            "splits": {"val": {"source": SOURCE, "images": "val2014"}},
            "train": "val",
            "label_score": "val",
            "evaluate": "val",
            **changes,
        }
    )


def prepare(raw, folder, **changes):
    prepare_dataset("coco", val_parameters(**changes), raw, folder)
    return PreparedDataset.open(folder)


@pytest.fixture
def refuse(raw, tmp_path):
    def check(message, **changes):
        with pytest.raises(DatasetError, match=message):
            prepare(raw, tmp_path / "prepared", **changes)
        assert not (tmp_path / "prepared").exists()

    return check


def test_prepared_masks_are_the_drawn_ones(coco, scene_parameters):
    crowds = empty = 0
    for split in ("train", "val"):
        assert coco.split(split) == [
            f"COCO_{split}2014_{number:012d}"
            for number in synthetic_coco.plan_images(scene_parameters)[f"{split}2014"]
        ]
        for index, image_id in enumerate(coco.split(split)):
            scene = synthetic_coco.draw_image(scene_parameters, f"{split}2014", index)
            semantic, instances = scene.semantic, scene.instances
            if scene.crowd is not None:
                crowds += 1
                void = scene.crowd.mask & (instances == 0)
                assert void.any()
                semantic, instances = np.where(void, 255, semantic), np.where(void, 255, instances)
            assert (coco.read_semantic(image_id) == semantic).all()
            assert (coco.read_instances(image_id) == instances).all()
            assert coco.read_instances(image_id).dtype == np.uint8
            # The crowd is no object: its class is no image-level label.
            classes = tuple(sorted({item.class_id for item in scene.objects}))
            assert coco.image_classes.get(image_id, ()) == classes
            empty += not classes
            assert coco.read_image(image_id).shape == (96, 96, 3)
    assert crowds > 0
    assert empty > 0


def test_sizes_are_those_of_the_painted_masks(coco):
    table = coco.instance_table
    assert set(table["size"]) == {"small", "medium", "large"}
    for image_id in [*coco.split("train"), *coco.split("val")]:
        instances = coco.read_instances(image_id)
        rows = table[table["image"] == image_id]
        assert list(rows["instance_id"]) == sorted(set(instances.flat) - {0, 255})
        for row in rows.itertuples():
            area = int((instances == row.instance_id).sum())
            assert row.area == area
            assert row.size == ("small" if area < 150 else "medium" if area < 900 else "large")


def slow_paint(masks, crowd):
    """Ask every pixel for the smallest mask over it; of two of one size, the later."""
    owner = np.full(crowd.shape, -1)
    areas = [int(mask.sum()) for mask in masks]
    for y, x in np.ndindex(crowd.shape):
        over = [index for index, mask in enumerate(masks) if mask[y, x]]
        if over:
            owner[y, x] = min(over, key=lambda index: (areas[index], -index))
    ids, number = {}, 0
    for index in range(len(masks)):
        if (owner == index).any():
            number += 1 if number != 254 else 2
            ids[index] = number
    painted = np.zeros(crowd.shape, int)
    for y, x in np.ndindex(crowd.shape):
        if owner[y, x] >= 0:
            painted[y, x] = ids[owner[y, x]]
        elif crowd[y, x]:
            painted[y, x] = 255
    return painted, {number: index for index, number in ids.items()}


@given(arrays(bool, st.tuples(st.integers(0, 6), st.just(4), st.just(5))), arrays(bool, (4, 5)))
def test_painting_order(masks, crowd):
    instances, order = paint_instances(list(masks), crowd)
    expected, expected_order = slow_paint(masks, crowd)
    assert instances.dtype == np.uint8
    assert (instances == expected).all()
    assert order == expected_order
    semantic = semantic_from_instances(instances, {k: 1 + v % 3 for k, v in order.items()})
    assert (semantic == [[_class(v, order) for v in row] for row in expected]).all()


def _class(instance, order):
    return instance if instance in (0, 255) else 1 + order[instance] % 3


@pytest.mark.parametrize(("count", "dtype"), [(254, np.uint8), (255, np.uint16), (400, np.uint16)])
def test_many_instances_skip_the_void_value(count, dtype, tmp_path):
    masks = np.eye(count, 420, dtype=bool).reshape(count, 20, 21)
    crowd = np.zeros((20, 21), bool)
    crowd[-1, -1] = True
    instances, order = paint_instances(list(masks), crowd)
    assert instances.dtype == dtype
    expected, expected_order = slow_paint(masks, crowd)
    assert (instances == expected).all()
    assert order == expected_order
    assert (instances == 255).sum() == 1
    semantic = semantic_from_instances(instances, dict.fromkeys(order, 80))
    assert (semantic == 255).sum() == 1
    assert (semantic == 80).sum() == count


def test_many_instances_survive_the_files(raw, edit, tmp_path):
    content, write = edit
    image = content["images"][0]
    template = next(a for a in content["annotations"] if not a["iscrowd"])
    content["annotations"] = [
        {
            **template,
            "id": k,
            "image_id": image["id"],
            "bbox": [x, y, 2, 2],
            "segmentation": [square],
        }
        for k in range(400)
        for x, y in [(2 * (k % 24), 2 * (k // 24))]
        for square in [[x, y, x + 2, y, x + 2, y + 2, x, y + 2]]
    ]
    write()
    dataset = prepare(raw, tmp_path / "prepared")
    instances = dataset.read_instances(dataset.split("val")[0])
    assert instances.dtype == np.uint16
    assert sorted(set(instances.flat)) == [n for n in range(402) if n != 255]
    assert len(dataset.instance_table) == 400
    assert set(dataset.instance_table["area"]) == {4}


def test_hidden_instances_are_left_out_and_counted(raw, edit, tmp_path):
    content, write = edit
    image = content["images"][0]
    template = next(a for a in content["annotations"] if not a["iscrowd"])
    square = {"bbox": [2, 2, 8, 8], "segmentation": [[2, 2, 10, 2, 10, 10, 2, 10]]}
    line = {"bbox": [2, 2, 8, 0], "segmentation": [[2, 2, 10, 2, 6, 2]]}
    content["annotations"] = [
        {**template, **shape, "id": k, "image_id": image["id"], "category_id": category}
        for k, (shape, category) in enumerate([(square, 1), (square, 90), (line, 3)])
    ]
    write()
    dataset = prepare(raw, tmp_path / "prepared")
    assert dataset.description["counts"]["hidden_instances"] == 2
    assert list(dataset.instance_table["class_id"]) == [80]
    assert list(dataset.instance_table["instance_id"]) == [1]
    # Annotated is annotated: labels and boxes stay.
    assert dataset.image_classes[dataset.split("val")[0]] == (1, 3, 80)
    assert len(pd.read_parquet(dataset.root / "boxes.parquet")) == 3


def test_split_needs_an_images_folder(refuse):
    refuse("split 'val': the COCO layout needs `images`", splits={"val": {"source": SOURCE}})
    splits = {"val": {"source": SOURCE, "images": "val2017"}}
    refuse("no folder 'val2017'.*; raw must be the folder that holds", splits=splits)


def test_same_id_in_two_folders(raw, refuse):
    shutil.copytree(raw / "val2014", raw / "copy")
    splits = {
        "val": {"source": SOURCE, "images": "val2014"},
        "more": {"source": SOURCE, "images": "copy"},
    }
    refuse("'COCO_val2014_000000000042' is in .*val2014 .* and in .*copy", splits=splits)


def test_splits_may_overlap(raw, tmp_path):
    splits = {
        "val": {"source": SOURCE, "images": "val2014", "count": 3},
        "more": {"source": SOURCE, "images": "val2014", "first": 1},
    }
    dataset = prepare(raw, tmp_path / "prepared", splits=splits)
    ids = sorted(path.stem for path in (raw / "val2014").iterdir())
    assert dataset.split("val") == ids[:3]
    assert dataset.split("more") == ids[1:]
    assert dataset.description["counts"]["images"] == 4


def prepare_real(realdata, name, tmp_path, **splits):
    source = {"source": "annotations/instances_train2017.json", "images": "train2017"}
    parameters = val_parameters(
        splits={split: {**source, **part} for split, part in splits.items()},
        train="train",
        label_score="train",
    )
    prepare_dataset("coco", parameters, realdata / name, tmp_path / name)
    coco = COCO.__new__(COCO)
    coco.__init__()
    coco.dataset = json.loads((realdata / name / source["source"]).read_text())
    coco.createIndex()
    return PreparedDataset.open(tmp_path / name), coco


def test_real_images_without_overlaps(realdata, tmp_path):
    dataset, coco = prepare_real(realdata, "coco", tmp_path, train={"count": 60}, val={"first": 60})
    train, val = dataset.split("train"), dataset.split("val")
    assert (len(train), len(val)) == (60, 40)
    assert [*train, *val] == sorted(f"{number:012d}" for number in coco.imgs)
    counts = dataset.instance_table["size"].value_counts()
    assert counts.to_dict() == {"small": 328, "medium": 225, "large": 187}
    for image_id in [*train, *val]:
        annotations = coco.imgToAnns[int(image_id)]
        rows = dataset.instance_table[dataset.instance_table["image"] == image_id]
        wanted = [a for a in annotations if not a["iscrowd"]]
        # Nothing overlaps here, so painted areas are those of the file.
        assert list(rows["area"]) == [int(a["area"]) for a in wanted]
        assert list(rows["class_id"]) == [COCO_CLASS_IDS[a["category_id"]] for a in wanted]
        instances = dataset.read_instances(image_id)
        for row, annotation in zip(rows.itertuples(), wanted, strict=True):
            mask = coco.annToMask(annotation).astype(bool)
            assert ((instances == row.instance_id) == mask).all()
        crowd = np.zeros(instances.shape, bool)
        for annotation in annotations:
            if annotation["iscrowd"]:
                crowd |= coco.annToMask(annotation).astype(bool)
        assert ((dataset.read_semantic(image_id) == 255) == crowd).all()
        assert dataset.read_image(image_id).shape == (*instances.shape, 3)
    without = {f"{n:012d}" for n in coco.imgs if not coco.imgToAnns[n]}
    assert len(without) == 2
    assert without.isdisjoint(dataset.image_classes)


def test_real_images_with_overlaps(realdata, tmp_path):
    dataset, coco = prepare_real(
        realdata, "coco_tiny", tmp_path, train={"count": 16}, val={"first": 16}
    )
    table = dataset.instance_table
    overlapping = 0
    for image_id in [*dataset.split("train"), *dataset.split("val")]:
        annotations = coco.imgToAnns[int(image_id)]
        wanted = [a for a in annotations if not a["iscrowd"]]
        masks = {a["id"]: coco.annToMask(a).astype(bool) for a in annotations}
        shape = dataset.read_semantic(image_id).shape
        # Whoever comes later in this order lies on top.
        expected = np.zeros(shape, np.uint8)
        for annotation in annotations:
            if annotation["iscrowd"]:
                expected[masks[annotation["id"]]] = 255
        for annotation in sorted(wanted, key=lambda a: -masks[a["id"]].sum()):
            expected[masks[annotation["id"]]] = COCO_CLASS_IDS[annotation["category_id"]]
        assert (dataset.read_semantic(image_id) == expected).all()
        rows = table[table["image"] == image_id]
        assert len(rows) == len(wanted)
        for row, annotation in zip(rows.itertuples(), wanted, strict=True):
            whole = int(masks[annotation["id"]].sum())
            overlapping += row.area < whole
            assert 0 < row.area <= whole
            # The file's areas are those of the polygons, before they became pixels.
            assert abs(whole - annotation["area"]) <= 0.15 * whole + 8
        labels = {COCO_CLASS_IDS[a["category_id"]] for a in wanted}
        assert set(dataset.image_classes.get(image_id, ())) == labels
    assert overlapping > 10
    assert len(table) == 284
    boxes = pd.read_parquet(dataset.root / "boxes.parquet")
    assert len(boxes) == 284
    by_image = boxes.groupby("image")
    for image_id, rows in by_image:
        wanted = [a for a in coco.imgToAnns[int(image_id)] if not a["iscrowd"]]
        for row, annotation in zip(rows.itertuples(), wanted, strict=True):
            x, y, width, height = annotation["bbox"]
            assert abs(row.x0 - x) < 1
            assert abs(row.y1 - (y + height)) < 1
            assert row.x0 <= x
            assert row.x1 >= min(x + width, dataset.read_semantic(image_id).shape[1])
            assert list(COCO_CATEGORIES)[row.class_id - 1] == annotation["category_id"]
