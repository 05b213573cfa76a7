"""`smallobjects check`: every kind of damage to a prepared dataset is found and named."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from PIL import Image
from pyarrow import parquet

from smallobjects.cli import main
from smallobjects.datasets.checks.dataset import check_dataset
from smallobjects.datasets.mask_files import write_mask
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.tables import TABLES


def checksum(name):
    return rf"dataset\.json: checksums\.{name} is not that of .*; prepare the dataset again"


class Damaged:
    """A copy of the prepared synthetic VOC, with ways of damaging it.

    What happens to an image happens to the first of val that has instances of two classes.
    """

    def __init__(self, root):
        self.root = root
        table = pd.read_parquet(root / "instances.parquet")
        table = table[table["image"].isin((root / "splits/val.txt").read_text().split())]
        classes = table.groupby("image")["class_id"].nunique()
        self.image = classes.index[classes >= 2][0]
        self.rows = table[table["image"] == self.image].reset_index(drop=True)

    def path(self, folder):
        return self.root / folder / f"{self.image}.{'jpg' if folder == 'images' else 'png'}"

    def mask(self, folder):
        with Image.open(self.path(folder)) as image:
            return np.array(image)

    def replace(self, path, content):
        path.unlink()
        path.write_bytes(content)

    def table(self, name, change):
        """Replace a table by what `change` makes of it."""
        frame = change(pd.read_parquet(self.root / f"{name}.parquet"))
        table = pa.Table.from_pandas(frame, schema=TABLES[name], preserve_index=False)
        parquet.write_table(table.replace_schema_metadata(None), self.root / f"{name}.parquet")

    def value(self, name, column, value):
        """Change a value in the first row of the image."""

        def change(frame):
            frame.loc[frame.index[frame["image"] == self.image][0], column] = value
            return frame

        self.table(name, change)

    def describe(self, change):
        path = self.root / "dataset.json"
        description = json.loads(path.read_text())
        change(description)
        path.write_text(json.dumps(description))


# Each damages a dataset and returns what must be found, and nothing else may be.


def image_missing(data):
    data.path("images").unlink()
    return [rf"images/{data.image}\.jpg: missing; split 'val' lists it"]


def link_dangling(data):
    data.path("images").unlink()
    data.path("images").symlink_to("/nowhere/raw.jpg")
    return [rf"images/{data.image}\.jpg: links to /nowhere/raw\.jpg, which is not there; put the"]


def image_cut_off(data):
    content = data.path("images").read_bytes()
    data.replace(data.path("images"), content[: len(content) // 2])
    return [rf"images/{data.image}\.jpg: unreadable image .*; put the raw image back"]


def image_of_another_size(data):
    data.path("images").unlink()
    Image.new("RGB", (96, 90)).save(data.path("images"))
    return [
        rf"{folder}/{data.image}\.png: 96×96 .* but images/{data.image}\.jpg has 90×96"
        for folder in ("semantic", "instances")
    ]


def foreign_files(data):
    (data.root / "semantic/stranger.png").write_bytes(b"")
    (data.root / "images/notes.txt").write_text("")
    return [
        r"images/notes\.txt: belongs to no image of any split; remove it",
        r"semantic/stranger\.png: belongs to no image of any split; remove it",
    ]


def class_mask_missing(data):
    data.path("semantic").unlink()
    return [rf"semantic/{data.image}\.png: missing; split 'val'", checksum("semantic")]


def class_mask_cut_off(data):
    data.replace(data.path("semantic"), data.path("semantic").read_bytes()[:-40])
    return [rf"semantic/{data.image}\.png: unreadable mask", checksum("semantic")]


def class_mask_in_colours(data):
    Image.new("RGB", (96, 96)).save(data.path("semantic"))
    return [rf"semantic/{data.image}\.png: .*mode 'RGB'; prepare", checksum("semantic")]


def class_out_of_range(data):
    mask = data.mask("semantic")
    instance, class_id = data.rows.loc[0, ["instance_id", "class_id"]]
    mask[data.mask("instances") == instance] = 77
    write_mask(data.path("semantic"), mask)
    return [
        rf"semantic/{data.image}\.png: value 77 is no class; the classes are 0\.\.20 and 255",
        rf"instances\.parquet: says class_id {class_id} of instance {instance} .* masks say 77",
        checksum("semantic"),
    ]


def class_pixels_without_instance(data):
    mask = data.mask("semantic")
    background = data.mask("instances") == 0
    mask[background] = 7
    write_mask(data.path("semantic"), mask)
    return [
        rf"instances/{data.image}\.png: {background.sum()} pixels of class 7 belong to no instanc",
        checksum("semantic"),
    ]


def instance_without_class(data):
    mask = data.mask("semantic")
    instance = data.rows.loc[0, "instance_id"]
    mask[data.mask("instances") == instance] = 0
    write_mask(data.path("semantic"), mask)
    return [
        rf"instances/{data.image}\.png: instance {instance} has no pixel of any class",
        checksum("semantic"),
    ]


def instances_of_two_classes_become_one(data):
    mask = data.mask("instances")
    first, second = data.rows.drop_duplicates("class_id")["instance_id"][:2]
    mask[mask == second] = first
    write_mask(data.path("instances"), mask)
    where = rf"instance {first} of '{data.image}', but the masks say"
    return [
        rf"instances/{data.image}\.png: instance {first} has pixels of the classes \[",
        rf"instances\.parquet: has a row of instance {second} of '{data.image}', which the mask",
        rf"instances\.parquet: says area \d+ of {where} \d+",
        rf"instances\.parquet: says (size|x0|y0|x1|y1) \w+ of {where} \w+",
        checksum("instances"),
    ]


def instance_mask_missing(data):
    data.path("instances").unlink()
    return [
        rf"instances/{data.image}\.png: missing; split 'val' lists it",
        rf"instances\.parquet: has rows of '{data.image}', which has no instance mask",
        r"dataset\.json: counts\.images_without_instance_mask is 8, but there are 9",
        checksum("instances"),
    ]


def instance_mask_of_another_size(data):
    write_mask(data.path("instances"), data.mask("instances")[:, 1:])
    return [
        rf"instances/{data.image}\.png: 96×95 .* but images/{data.image}\.jpg has 96×96",
        checksum("instances"),
    ]


def wrong_area(data):
    data.value("instances", "area", 1)
    return [
        rf"instances\.parquet: says area 1 of instance \d+ of '{data.image}', but the masks say",
        checksum("tables"),
    ]


def wrong_class(data):
    data.value("instances", "class_id", 20)
    return [
        rf"instances\.parquet: says class_id 20 of instance \d+ of '{data.image}', but the masks",
        checksum("tables"),
    ]


def wrong_corner(data):
    data.value("instances", "x1", 95 if data.rows.loc[0, "x1"] != 95 else 94)
    return [rf"instances\.parquet: says x1 9\d of instance .*{data.image}", checksum("tables")]


def wrong_size(data):
    size = data.rows.loc[0, "size"]
    other = "small" if size == "large" else "large"
    data.value("instances", "size", other)
    return [
        rf"instances\.parquet: says size {other} of .* masks say {size}",
        rf"dataset\.json: counts\.instances_by_size\.val\.{size} is \d+, but there are \d+",
        rf"dataset\.json: counts\.instances_by_size\.val\.{other} is \d+, but there are \d+",
        checksum("tables"),
    ]


def row_lost(data):
    instance = data.rows.loc[0, "instance_id"]

    def drop(frame):
        return frame[(frame["image"] != data.image) | (frame["instance_id"] != instance)]

    data.table("instances", drop)
    return [
        rf"instances\.parquet: has no row of instance {instance} of '{data.image}'",
        r"dataset\.json: counts\.instances is \d+, but there are \d+",
        r"dataset\.json: counts\.instances_by_size\.val\.\w+ is",
        checksum("tables"),
    ]


def row_twice(data):
    data.table("instances", lambda frame: pd.concat([frame, data.rows[:1]]))
    return [
        rf"instances\.parquet: has an instance of '{data.image}' twice",
        r"dataset\.json: counts\.instances is \d+, but there are \d+",
        r"dataset\.json: counts\.instances_by_size\.val\.\w+ is",
        checksum("tables"),
    ]


def row_of_a_stranger(data):
    data.table("boxes", lambda frame: pd.concat([frame, frame[:1].assign(image="stranger")]))
    return [r"boxes\.parquet: has rows of 'stranger', which is in no split", checksum("tables")]


def table_missing(data):
    (data.root / "boxes.parquet").unlink()
    return [r"boxes\.parquet: missing; prepare the dataset again", checksum("tables")]


def table_cut_off(data):
    path = data.root / "labels.parquet"
    data.replace(path, path.read_bytes()[:-20])
    return [r"labels\.parquet: cannot be read \(.*; prepare the dataset again", checksum("tables")]


def table_of_other_columns(data):
    path = data.root / "labels.parquet"
    pd.read_parquet(path).rename(columns={"class_id": "class"}).to_parquet(path)
    return [r"labels\.parquet: has the columns image .*, class int32", checksum("tables")]


def table_with_empty_fields(data):
    data.table("labels", lambda frame: pd.concat([frame, frame[:1].assign(image=None)]))
    return [r"labels\.parquet: has empty fields in the column image", checksum("tables")]


def box_outside(data):
    data.value("boxes", "x1", 200)
    return [rf"boxes\.parquet: box .*200.* of '{data.image}' is empty or not", checksum("tables")]


def box_of_no_class(data):
    data.value("boxes", "class_id", 0)
    return [
        rf"boxes\.parquet: box .* of '{data.image}': 0 is no class",
        rf"labels\.parquet: has no class 0 of '{data.image}', of which there is a box",
        checksum("tables"),
    ]


def label_lost(data):
    class_id = data.rows.loc[0, "class_id"]

    def drop(frame):
        return frame[(frame["image"] != data.image) | (frame["class_id"] != class_id)]

    data.table("labels", drop)
    return [
        rf"labels\.parquet: has no class {class_id} of '{data.image}', of which there is a box",
        checksum("tables"),
    ]


def label_invented(data):
    data.table("labels", lambda frame: pd.concat([frame, _label(data.image, 20)]))
    return [
        rf"labels\.parquet: has class 20 of '{data.image}', of which there is no box and no pix",
        checksum("tables"),
    ]


def label_twice(data):
    class_id = data.rows.loc[0, "class_id"]
    data.table("labels", lambda frame: pd.concat([frame, _label(data.image, class_id)]))
    return [rf"labels\.parquet: has class {class_id} of '{data.image}' twice", checksum("tables")]


def label_of_no_class(data):
    data.table("labels", lambda frame: pd.concat([frame, _label(data.image, 21)]))
    return [
        rf"labels\.parquet: label of '{data.image}': 21 is no class",
        rf"labels\.parquet: has class 21 of '{data.image}', of which there is no box and no pix",
        checksum("tables"),
    ]


def _label(image, class_id):
    return pd.DataFrame({"image": [image], "class_id": [class_id]})


def split_missing(data):
    (data.root / "splits/train.txt").unlink()
    return [
        r"splits/train\.txt: missing; prepare the dataset again",
        checksum("lists"),
    ]


def split_lists_a_stranger(data):
    with (data.root / "splits/val.txt").open("a") as file:
        file.write("2012_000001\n")
    return [
        r"splits/val\.txt: 10 images, but dataset\.json says 9",
        r"images/2012_000001\.jpg: missing; split 'val' lists it",
        r"semantic/2012_000001\.png: missing; split 'val' lists it",
        r"instances/2012_000001\.png: missing; split 'val' lists it",
        r"dataset\.json: counts\.images is 33, but there are 34",
        r"dataset\.json: counts\.images_without_instance_mask is",
        checksum("lists"),
    ]


def split_lists_an_image_twice(data):
    path = data.root / "splits/val.txt"
    ids = path.read_text().split()
    path.write_text("\n".join([*ids[:-1], ids[0]]) + "\n")
    return [
        rf"splits/val\.txt: '{ids[0]}' is listed twice",
        rf"(images|semantic|instances)/{ids[-1]}\.(jpg|png): belongs to no image of any split",
        rf"(instances|boxes|labels)\.parquet: has rows of '{ids[-1]}', which is in no split",
        r"dataset\.json: counts\.",
        *map(checksum, ("lists", "semantic", "instances")),
    ]


def split_unknown(data):
    shutil.copy(data.root / "splits/val.txt", data.root / "splits/mine.txt")
    return [r"splits/mine\.txt: dataset\.json knows no such split; remove it", checksum("lists")]


def description_missing(data):
    (data.root / "dataset.json").unlink()
    return [r"dataset\.json: missing, so the dataset was never finished; prepare the dataset"]


def description_cut_off(data):
    path = data.root / "dataset.json"
    data.replace(path, path.read_bytes()[:200])
    return [r"dataset\.json: cannot be read \(.*; prepare the dataset again"]


def description_incomplete(data):
    def change(description):
        del description["palette"], description["counts"]["instances"]
        description["checksums"]["lists"] = "?"
        description["format"] = 2

    data.describe(change)
    return [
        r"dataset\.json: palette is missing",
        r"dataset\.json: counts\.instances is missing",
        r"dataset\.json: checksums\.lists: String should match",
        r"dataset\.json: format: Input should be 1",
    ]


def description_inconsistent(data):
    data.describe(lambda description: description["palette"].pop())
    return [r"dataset\.json: palette has 20 colours for 21 class names"]


def description_names_an_unknown_split(data):
    data.describe(lambda description: description.update(evaluate="test"))
    return [r"dataset\.json: evaluate = 'test' is none of the splits"]


def counts_wrong(data):
    data.describe(lambda description: description["counts"].update(images=1, instances=2))
    return [
        r"dataset\.json: counts\.images is 1, but there are 33",
        r"dataset\.json: counts\.instances is 2, but there are \d+",
    ]


def mask_encoded_anew(data):
    """The pixels are the same, the file is not."""
    with Image.open(data.path("semantic")) as image:
        image.load()
        image.save(data.path("semantic"), compress_level=9)
    return [checksum("semantic")]


def several_at_once(data):
    return [
        finding
        for damage in (image_missing, class_mask_cut_off, label_twice, split_unknown)
        for finding in damage(data)
    ]


KINDS = (
    *(image_missing, link_dangling, image_cut_off, image_of_another_size, foreign_files),
    *(class_mask_missing, class_mask_cut_off, class_mask_in_colours, class_out_of_range),
    *(class_pixels_without_instance, instance_without_class, instances_of_two_classes_become_one),
    *(instance_mask_missing, instance_mask_of_another_size),
    *(wrong_area, wrong_class, wrong_corner, wrong_size, row_lost, row_twice, row_of_a_stranger),
    *(table_missing, table_cut_off, table_of_other_columns, table_with_empty_fields),
    *(box_outside, box_of_no_class, label_lost, label_invented, label_twice, label_of_no_class),
    *(split_missing, split_lists_a_stranger, split_lists_an_image_twice, split_unknown),
    *(description_missing, description_cut_off, description_incomplete, description_inconsistent),
    *(description_names_an_unknown_split, counts_wrong, mask_encoded_anew, several_at_once),
)


@pytest.fixture
def data(voc, tmp_path):
    return Damaged(shutil.copytree(voc.root, tmp_path / "voc", symlinks=True))


@pytest.mark.parametrize("damage", KINDS, ids=lambda damage: damage.__name__)
def test_damage_is_found(damage, data):
    expected = damage(data)
    found = [str(finding) for finding in check_dataset(data.root)]
    for pattern in expected:
        assert any(re.match(pattern, line) for line in found), (pattern, found)
    for line in found:
        assert any(re.match(pattern, line) for pattern in expected), line


@pytest.mark.parametrize("dataset", ["voc", "coco"])
def test_undamaged_dataset_passes(dataset, request):
    dataset = request.getfixturevalue(dataset)
    assert list(check_dataset(dataset.root)) == []


def real_dataset(realdata, name, folder):
    source = {"source": "annotations/instances_train2017.json", "images": "train2017"}
    voc, coco = name == "voc", name != "voc"
    parameters = {
        "title": name,
        "layout": "voc" if voc else "coco",
        "num_classes": 21 if voc else 81,
        "raw": "real",
        "splits": {
            "train": {"source": "train"} if voc else {**source, "count": 8},
            "val": {"source": "val"} if voc else {**source, "first": 8},
        },
        **{"train": "train", "label_score": "train", "evaluate": "val"},
        **({} if coco else {"instance_masks": "SegmentationObject_derived"}),
    }
    raw = realdata / ("VOCdevkit/VOC2012" if voc else name)
    prepare_dataset(name, DatasetParameters.model_validate(parameters), raw, folder, workers=2)


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "images"), [("voc", 240), ("coco", 100), ("coco_tiny", 32)])
def test_every_real_image_converts_and_passes(name, images, realdata, tmp_path):
    real_dataset(realdata, name, tmp_path / name)
    assert len(list((tmp_path / name / "images").iterdir())) == images
    assert list(check_dataset(tmp_path / name, workers=2)) == []


def test_the_command_reports_everything_whatever_the_workers(data):
    several_at_once(data)
    runs = [
        CliRunner().invoke(main, ["check", str(data.root), "--workers", workers])
        for workers in ("1", "2")
    ]
    expected = [str(finding) for finding in check_dataset(data.root)]
    for result in runs:
        assert result.exit_code == 1
        assert result.stdout.splitlines() == expected
        assert f"Error: {data.root}: {len(expected)} findings in 5 files" in result.stderr


def test_the_command_passes_a_whole_dataset(voc):
    result = CliRunner().invoke(main, ["check", str(voc.root)])
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{voc.root}: nothing is wrong\n"
    assert "Checking: 33/33" in result.stderr
