"""Damaged input, kind by kind: each is refused with the file, what is wrong, and the remedy."""

import json
import shutil
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.mask_files import write_mask
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset

VOC_IMAGE = "2009_000013"
COCO_IMAGE = "COCO_val2014_000000000042"
SOURCE = "annotations/instances_val2014.json"


@dataclass
class Damage:
    """What is done to a folder of input, and the message that must come of it."""

    do: Any
    message: str
    parameters: dict = field(default_factory=dict)
    """Changes to the parameters of the dataset."""


# How things are damaged: each returns a function of the folder.


def nothing(root):
    pass


def all_of(*damages):
    def do(root):
        for damage in damages:
            damage(root)

    return do


def remove(path):
    def do(root):
        if (root / path).is_dir():
            shutil.rmtree(root / path)
        else:
            (root / path).unlink()

    return do


def content(path, text):
    data = text if isinstance(text, bytes) else text.encode()
    return lambda root: (root / path).write_bytes(data)


def cut(path, kept):
    """Keep only this share of a file."""

    def do(root):
        data = (root / path).read_bytes()
        (root / path).write_bytes(data[: int(len(data) * kept)])

    return do


def replaced(path, old, new):
    def do(root):
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new, 1))

    return do


def mask(folder, change):
    """Change the class mask (of type int) or the instance mask of the VOC image."""

    def do(root):
        path = root / folder / f"{VOC_IMAGE}.png"
        with Image.open(path) as image:
            changed = change(np.array(image))
        write_mask(path, changed)

    return do


def image_of(path, mode="RGB", size=(48, 48), **options):
    return lambda root: Image.new(mode, size).save(root / path, **options)


def edited(change, path=SOURCE):
    """Change what a JSON file holds."""

    def do(root):
        loaded = json.loads((root / path).read_text())
        change(loaded)
        (root / path).write_text(json.dumps(loaded))

    return do


def annotation(**changes):
    """Change the first annotation."""
    return edited(lambda file: file["annotations"][0].update(changes))


def without(*keys):
    """Take a value out of the COCO file."""

    def change(file):
        for key in keys[:-1]:
            file = file[key]
        del file[keys[-1]]

    return edited(change)


def patch(value, rows=slice(0, 4), columns=slice(0, 4)):
    """Set a corner of a mask."""

    def change(array):
        array[rows, columns] = value
        return array

    return change


XML = f"Annotations/{VOC_IMAGE}.xml"
CLASS_MASK = f"SegmentationClass/{VOC_IMAGE}.png"
INSTANCE_MASK = f"SegmentationObject/{VOC_IMAGE}.png"
VOC_JPEG = f"JPEGImages/{VOC_IMAGE}.jpg"
VAL = "ImageSets/Segmentation/val.txt"
COCO_JPEG = f"val2014/{COCO_IMAGE}.jpg"
HOME = "raw must be the folder that directly holds"


VOC = {
    **{
        f"no folder {folder}": Damage(remove(folder), f"no folder '{folder}'; {HOME}")
        for folder in (
            *("JPEGImages", "Annotations", "ImageSets/Segmentation", "SegmentationClass"),
            "SegmentationObject",
        )
    },
    "list absent": Damage(
        nothing,
        r"test\.txt: no such list; there are: train, train_aug, val",
        {"splits": {"val": {"source": "test"}}, "train": "val", "label_score": "val"},
    ),
    "list empty": Damage(content(VAL, "\n"), r"val\.txt: .* at least one image .* the list has 0"),
    "list with an id twice": Damage(
        content(VAL, f"{VOC_IMAGE}\n" * 2), rf"val\.txt: '{VOC_IMAGE}' is listed twice"
    ),
    "list of an absent image": Damage(
        content(VAL, "2012_000001\n"), r"2012_000001\.jpg: no such image; the raw data is incompl"
    ),
    "list of pairs of files": Damage(
        content(VAL, "/JPEGImages/a.jpg /SegmentationClass/a.png\n"),
        r"val\.txt: '/JPEGImages/a.jpg /Seg.*' is no image id; .* one image a line",
    ),
    "list of an image class": Damage(content(VAL, f"{VOC_IMAGE} -1\n"), "is no image id"),
    "list that is no text": Damage(
        content(VAL, b"\xff\xfe\x00"), r"val\.txt: no list of image ids"
    ),
    "split longer than the list": Damage(
        nothing,
        r"val\.txt: the split asks for 9 images .* the list has 2; lower `first` or `count`",
        {"splits": {"val": {"source": "val", "count": 9}}, "train": "val", "label_score": "val"},
    ),
    "image missing": Damage(remove(VOC_JPEG), rf"{VOC_IMAGE}\.jpg: no such image"),
    "image that is text": Damage(content(VOC_JPEG, "<html>"), r"\.jpg: unreadable image .*again"),
    "image empty": Damage(content(VOC_JPEG, b""), r"\.jpg: unreadable image"),
    "image cut off": Damage(cut(VOC_JPEG, 0.6), r"\.jpg: unreadable image .*truncated.*again"),
    "image of another size": Damage(
        image_of(VOC_JPEG, size=(40, 48)),
        r"013\.jpg has 48×40 pixels \(height×width\) but .*Class/2009_000013\.png has 48×48",
    ),
    "class mask missing": Damage(
        remove(CLASS_MASK),
        f"no class mask for image '{VOC_IMAGE}': none of .*; add the mask or its folder",
    ),
    "class mask cut off": Damage(cut(CLASS_MASK, 0.7), r"Class/.*\.png: unreadable mask.*again"),
    "class mask that is a JPEG": Damage(
        image_of(CLASS_MASK, "L", format="JPEG"), r"Class/.*\.png: unreadable mask, or no PNG"
    ),
    "class mask in colours": Damage(
        image_of(CLASS_MASK), r"Class/.* mode 'RGB'; take the original mask"
    ),
    "class mask of another size": Damage(
        mask("SegmentationClass", lambda array: array[:, 1:]),
        r"000013\.jpg has 48×48 pixels .* but .*Class/2009_000013\.png has 48×47",
    ),
    "class mask with an unknown class": Damage(
        mask("SegmentationClass", patch(21)),
        r"Class/.*\.png: value 21 is no class; class masks hold 0\.\.20 and 255",
    ),
    "instance mask missing where it is scored": Damage(
        remove(INSTANCE_MASK), r"Object/.*: no such instance mask; the evaluated split needs"
    ),
    "instance mask cut off": Damage(cut(INSTANCE_MASK, 0.7), r"Object/.*: unreadable mask"),
    "instance mask of another size": Damage(
        mask("SegmentationObject", lambda array: array[1:]),
        r"Class/2009_000013\.png has 48×48 .* but .*Object/2009_000013\.png has 47×48",
    ),
    "instance without a class": Damage(
        mask("SegmentationObject", patch(9, rows=slice(44, 48))),
        r"Object/.*: instance 9 has no pixel of any class .*; the two masks do not belong",
    ),
    "class on no instance": Damage(
        mask("SegmentationClass", patch(7)),
        r"Object/.*: 16 pixels of class 7 belong to no instance; .* or paint the pixels on an inst",
    ),
    "instance of two classes": Damage(
        all_of(
            mask("SegmentationClass", patch(3, columns=slice(0, 2))),
            mask("SegmentationClass", patch(4, columns=slice(2, 4))),
            mask("SegmentationObject", patch(9)),
        ),
        r"Object/.*: instance 9 has pixels of the classes \[3, 4\] .*an instance has one",
    ),
    "instance that lies on background too": Damage(
        mask("SegmentationClass", patch(0, slice(0, 6), slice(0, 48))),
        r"Object/.*: instance 1 has pixels of the classes \[0, 15\]",
    ),
    "annotation missing": Damage(remove(XML), r"\.xml: no such annotation; .* every image needs"),
    "annotation cut off": Damage(cut(XML, 0.5), r"000013\.xml: malformed XML .*; fetch it again"),
    "annotation that is a web page": Damage(
        content(XML, "<html/>"), r"000013\.xml: no annotation of VOC \(it begins with <html>\)"
    ),
    "annotation of an image of another size": Damage(
        replaced(XML, "<width>48", "<width>500"),
        r"000013\.jpg has 48×48 pixels .* but .*000013\.xml has 48×500",
    ),
    "annotation without a width": Damage(
        replaced(XML, "<width>48", "<width>"), r"the height and width \['48', ''\]; two numbers"
    ),
    "annotation of an unknown class": Damage(
        replaced(XML, "person", "unicorn"), r"000013\.xml: unknown class 'unicorn'; the classes"
    ),
    "box outside the image": Damage(
        all_of(replaced(XML, "<xmin>25", "<xmin>125"), replaced(XML, "<xmax>42", "<xmax>142")),
        r"000013\.xml: the box .*125.* of 'person' covers no pixel of the 48×48 image; correct or",
    ),
    "box that reaches far out": Damage(
        replaced(XML, "<xmax>42", "<xmax>421"), r"000013\.xml: the box .* reaches far beyond the 48"
    ),
    "annotation in an unknown encoding": Damage(
        lambda root: (root / XML).write_text(
            "<?xml version='1.0' encoding='klingon'?>" + (root / XML).read_text()
        ),
        r"000013\.xml: unknown encoding: klingon; save it as UTF-8",
    ),
    "box inverted": Damage(
        all_of(replaced(XML, "<xmin>25", "<xmin>42"), replaced(XML, "<xmax>42", "<xmax>25")),
        r"000013\.xml: the box .*42.* of 'person' covers no pixel of the 48×48 image; correct or",
    ),
    "box with a corner that is no number": Damage(
        replaced(XML, "<xmin>25", "<xmin>left"),
        r"000013\.xml: the box of 'person' has the corners \['left', .*four numbers are needed",
    ),
    "box with an infinite corner": Damage(
        replaced(XML, "<xmax>42", "<xmax>inf"), r"000013\.xml: the box of 'person' .*; not finite"
    ),
    "object without a box": Damage(
        replaced(XML, "bndbox>", "box>"), r"000013\.xml: (malformed|the box of)"
    ),
    "number of classes that is not VOC's": Damage(
        nothing, "20 classes beside the background, so num_classes must be 21", {"num_classes": 12}
    ),
}
COCO = {
    "annotation file missing": Damage(
        remove(SOURCE), r"val2014\.json: no such annotation file; raw must be the folder"
    ),
    "annotation file cut off": Damage(
        cut(SOURCE, 0.5), r"\.json: malformed JSON .*; fetch it again"
    ),
    "annotation file that is no text": Damage(content(SOURCE, b"\x80"), "malformed JSON"),
    "annotation file that is a list": Damage(content(SOURCE, "[]"), "not a COCO instance annot"),
    **{
        f"no {'.'.join(map(str, keys))}": Damage(
            without(*keys), rf"not a COCO instance annotation file: an entry has no '{keys[-1]}'"
        )
        for keys in (
            *(("images",), ("annotations",), ("categories",)),
            *(("images", 0, "id"), ("images", 0, "file_name"), ("images", 0, "height")),
            *(("annotations", 0, "id"), ("annotations", 0, "image_id")),
            ("categories", 0, "name"),
        )
    },
    "another set of categories": Damage(
        edited(lambda file: file["categories"][2].update(name="lorry")),
        r"category 3 is 'lorry', but 'car' in COCO; .* needs a converter of its own",
    ),
    "two images with one id": Damage(
        edited(lambda file: file["images"][1].update(id=42)), "two images have the id 42; fetch"
    ),
    "two images with one name": Damage(
        edited(lambda file: file["images"][1].update(file_name=f"{COCO_IMAGE}.jpg")),
        f"two images are named '{COCO_IMAGE}'",
    ),
    "two annotations with one id": Damage(
        edited(lambda file: file["annotations"][1].update(id=1)),
        r"val2014\.json: two annotations have the id 1\. Correct them .*: leave_out",
    ),
    "number of 400 digits": Damage(
        annotation(segmentation=[[1, 1, 10**400, 1, 5, 5]]),
        "annotation 1 of image '.*42': a polygon must be a list of finite numbers",
    ),
    "number of 5000 digits": Damage(
        replaced(SOURCE, '"id": 1,', f'"id": {"1" * 5000},'), r"\.json: malformed JSON"
    ),
    "category that is a list": Damage(
        annotation(category_id=[1]), r"annotation 1 of .*: category \[1\] is none of the 80"
    ),
    "id that is a list": Damage(annotation(id=[1]), r"two annotations have the id \[1\]|id \[1\]"),
    "image id that is a list": Damage(annotation(image_id=[1]), r"belongs to image \[1\]"),
    "image id that is text": Damage(
        annotation(image_id="42"), "annotation 1 belongs to image '42'"
    ),
    "JSON that is thousands deep": Damage(
        content(SOURCE, "[" * 100_000), r"\.json: malformed JSON \(lists in lists"
    ),
    "polygon of 1e9": Damage(
        annotation(segmentation=[[1, 1, 1e9, 1, 5, 5]]),
        r"annotation 1 of image '.*42': a polygon reaches to 1e\+09, far outside the 48×48 image",
    ),
    "box that reaches far out": Damage(
        annotation(bbox=[1, 2, 1e6, 3]), "reaches far beyond the 48×48 image; correct it"
    ),
    "size that is no number": Damage(
        edited(lambda file: file["images"][0].update(height="48")),
        r"image 42 has the height and width \['48', 48\]; two positive whole numbers",
    ),
    "image missing": Damage(remove(COCO_JPEG), r"000042\.jpg: no such image"),
    "image cut off": Damage(cut(COCO_JPEG, 0.6), r"000042\.jpg: unreadable image .*truncated"),
    "image of another size": Damage(
        image_of(COCO_JPEG, size=(48, 40)),
        r"000042\.jpg has 40×48 pixels .* but its entry in .*val2014\.json has 48×48",
    ),
    "folder of images missing": Damage(
        remove("val2014"), r"no folder 'val2014' .*; raw must be the folder that holds"
    ),
    "annotation of an absent image": Damage(
        annotation(image_id=5), "annotation 1 belongs to image 5, which the file does not list"
    ),
    "unknown category": Damage(annotation(category_id=12), "category 12 is none of the 80 of COCO"),
    "no category": Damage(without("annotations", 0, "category_id"), "category None is none of"),
    "iscrowd that is neither 0 nor 1": Damage(annotation(iscrowd=2), "iscrowd is 2; it must be"),
    "no segmentation": Damage(
        without("annotations", 0, "segmentation"), "must be a list of polygons or run lengths"
    ),
    "no polygon": Damage(annotation(segmentation=[]), "no polygon has three points"),
    "polygon of two points": Damage(
        annotation(segmentation=[[1, 1, 5, 5]]), "no polygon has three points, .* remove or redraw"
    ),
    "polygon with half a point": Damage(
        annotation(segmentation=[[1, 1, 5, 1, 5, 5, 1]]), "odd number of coordinates"
    ),
    "polygon that is not finite": Damage(
        annotation(segmentation=[[1, 1, 5, 1, 5, float("nan")]]), "list of finite numbers"
    ),
    "polygon with text": Damage(
        annotation(segmentation=[[1, 1, 5, 1, 5, "5"]]), "list of finite numbers"
    ),
    "run lengths for another size": Damage(
        annotation(segmentation={"size": [9, 9], "counts": [81]}),
        r"run lengths are for \[9, 9\] pixels .* but the image has \[48, 48\]",
    ),
    "run lengths that end early": Damage(
        annotation(segmentation={"size": [48, 48], "counts": [5]}), "add up to 5 pixels but the"
    ),
    "run lengths below zero": Damage(
        annotation(segmentation={"size": [48, 48], "counts": [-5, 2309]}), "lengths are damaged"
    ),
    "compressed run lengths that end early": Damage(
        annotation(segmentation={"size": [48, 48], "counts": "S66Z100000"}), "add up to .* fetch"
    ),
    "compressed run lengths with a foreign character": Damage(
        annotation(segmentation={"size": [48, 48], "counts": "S66é"}), "run lengths are damaged"
    ),
    "compressed run lengths whose last number is cut": Damage(
        annotation(segmentation={"size": [48, 48], "counts": "S66Z"}), "run lengths are damaged"
    ),
    "box of three numbers": Damage(annotation(bbox=[1, 2, 3]), "bbox must be four numbers"),
    "box with a negative side": Damage(annotation(bbox=[9, 9, -3, 3]), "a side that is negative"),
    "box that is not finite": Damage(annotation(bbox=[9, 9, float("nan"), 3]), "no number"),
    "box outside the image": Damage(annotation(bbox=[60, 2, 3, 3]), "lies outside the 48×48 image"),
}
DESCRIPTION = "dataset.json"
PREPARED = {
    "description missing": Damage(
        remove(DESCRIPTION),
        r"no dataset\.json, so this is not a prepared dataset; .*prepare",
    ),
    "description cut off": Damage(
        cut(DESCRIPTION, 0.5), r"dataset\.json: malformed JSON .*; prepare the dataset again"
    ),
    "description that is a list": Damage(
        content(DESCRIPTION, "[]"), r"dataset\.json: no JSON object"
    ),
    "another format": Damage(
        edited(lambda description: description.update(format=99), DESCRIPTION),
        r"dataset\.json: format 99, but this version reads format 1; prepare the dataset again",
    ),
    "no format": Damage(
        edited(lambda description: description.pop("format"), DESCRIPTION), "format None, but"
    ),
    **{
        f"{table} {state}": Damage(
            damage(f"{table}.parquet"),
            rf"{table}\.parquet: missing or damaged .*; prepare the dataset again",
        )
        for table in ("instances", "boxes", "labels")
        for state, damage in (("missing", remove), ("cut off", lambda path: cut(path, 0.8)))
    },
    "split missing": Damage(
        remove("splits/val.txt"), r"val\.txt: no split 'val'; this dataset has"
    ),
}
CASES = {
    (layout, kind): damage
    for layout, cases in (("voc", VOC), ("coco", COCO), ("prepared", PREPARED))
    for kind, damage in cases.items()
}


@pytest.fixture
def read(request, tmp_path):
    """Return how a layout is read, and a copy of good input of that layout."""

    def prepare(layout, root, changes):
        standard = request.getfixturevalue(f"{layout}_parameters").model_dump()
        parameters = DatasetParameters.model_validate({**standard, **changes})
        prepare_dataset(layout, parameters, root, tmp_path / "made")

    def open_prepared(_layout, root, _changes):
        dataset = PreparedDataset.open(root)
        dataset.split("val")
        return dataset.instance_table, dataset.box_table, dataset.image_classes

    def choose(layout):
        if layout == "prepared":
            source, way = request.getfixturevalue("coco").root, open_prepared
        else:
            source, way = request.getfixturevalue(f"tiny_{layout}_raw"), prepare
        return way, shutil.copytree(source, tmp_path / layout, symlinks=True)

    return choose


@pytest.mark.parametrize(("layout", "kind"), CASES, ids=map(": ".join, CASES))
def test_is_refused(layout, kind, read, tmp_path):
    way, root = read(layout)
    damage = CASES[layout, kind]
    damage.do(root)
    with pytest.raises((DatasetError, FileNotFoundError), match=damage.message) as caught:
        way(layout, root, damage.parameters)
    assert str(tmp_path) in str(caught.value), "the message names the place"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("layout", ["voc", "coco", "prepared"])
def test_undamaged_input_is_read(layout, read):
    way, root = read(layout)
    way(layout, root, {})
