import colorsys
import json
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from smallobjects.datasets.class_tables import VOC_CLASSES, voc_palette
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.coco import synthetic as synthetic_coco
from smallobjects.datasets.layouts.lvis import synthetic as synthetic_lvis
from smallobjects.datasets.layouts.voc import synthetic as synthetic_voc
from smallobjects.datasets.parameters import SyntheticParameters
from smallobjects.datasets.synthetic.appearance import class_appearances
from smallobjects.datasets.synthetic.raw_data import make_synthetic
from smallobjects.datasets.synthetic.scenes import void_border

LVIS_FOLDERS = ("train2017", "val2017")
FEW = SyntheticParameters(train_images=7, val_images=3, image_size=64)


def list_of(raw, name):
    return (raw / f"ImageSets/Segmentation/{name}.txt").read_text().split()


@pytest.mark.parametrize("layout", ["voc", "coco", "lvis"])
def test_bytes_depend_on_the_parameters_alone(layout, tmp_path, read_files):
    for name in ("a", "b"):
        make_synthetic(layout, FEW, tmp_path / name)
    first, second = read_files(tmp_path / "a"), read_files(tmp_path / "b")
    assert first == second
    make_synthetic(layout, FEW.model_copy(update={"seed": 1}), tmp_path / "c")
    assert read_files(tmp_path / "c") != first


def test_voc_layout(voc_raw, scene_parameters):
    train, train_aug, val = (list_of(voc_raw, name) for name in ("train", "train_aug", "val"))
    assert (len(train_aug), len(val)) == (
        scene_parameters.train_images,
        scene_parameters.val_images,
    )
    assert len(train) == 16
    assert set(train) < set(train_aug)
    assert not set(train_aug) & set(val)
    assert train[0] == "2007_000032"

    def stems(name):
        return {path.stem for path in (voc_raw / name).iterdir()}

    assert stems("JPEGImages") == stems("Annotations") == {*train_aug, *val}
    assert stems("SegmentationClass") == stems("SegmentationObject") == {*train, *val}
    assert stems("SegmentationClassAug") == set(train_aug)


def test_voc_masks_are_what_was_drawn(voc_raw, scene_parameters):
    for split in ("train_aug", "val"):
        for index, image_id in enumerate(list_of(voc_raw, split)):
            scene = synthetic_voc.draw_image(scene_parameters, split, index)
            border = void_border(scene.instances)
            for folder, drawn in (
                ("SegmentationClass", np.where(border, 255, scene.semantic)),
                ("SegmentationObject", np.where(border, 255, scene.instances)),
                ("SegmentationClassAug", scene.semantic),
            ):
                path = voc_raw / folder / f"{image_id}.png"
                if path.exists():
                    with Image.open(path) as image:
                        assert image.mode == "P"
                        assert np.reshape(image.getpalette(), (-1, 3)).tolist() == voc_palette(256)
                        assert (np.asarray(image) == drawn).all()
            with Image.open(voc_raw / "JPEGImages" / f"{image_id}.jpg") as image:
                difference = np.asarray(image).astype(int) - scene.image
            assert np.abs(difference).mean() < 5


def test_voc_annotations_box_the_visible_objects(voc_raw, scene_parameters):
    flags = {"difficult": set(), "truncated": set(), "occluded": set()}
    for split in ("train_aug", "val"):
        for index, image_id in enumerate(list_of(voc_raw, split)):
            scene = synthetic_voc.draw_image(scene_parameters, split, index)
            root = ElementTree.parse(voc_raw / "Annotations" / f"{image_id}.xml").getroot()
            nodes = root.findall("object")
            assert len(nodes) == len(scene.objects)
            for instance_id, (node, item) in enumerate(zip(nodes, scene.objects, strict=True), 1):
                assert node.findtext("name") == VOC_CLASSES[item.class_id - 1]
                rows, columns = np.nonzero(scene.instances == instance_id)
                box = [int(node.findtext(f"bndbox/{k}")) for k in ("xmin", "ymin", "xmax", "ymax")]
                low, high = (columns.min() + 1, rows.min() + 1), (columns.max() + 1, rows.max() + 1)
                assert box == [*low, *high]
                occluded = len(rows) < item.mask.sum()
                assert node.findtext("occluded") == str(int(occluded))
                for name, values in flags.items():
                    values.add(node.findtext(name))
    assert all(values == {"0", "1"} for values in flags.values())


def test_coco_layout(coco_raw, scene_parameters):
    modes, kinds, empty = set(), set(), 0
    for split, count in (("train2014", 24), ("val2014", 9)):
        content = json.loads((coco_raw / f"annotations/instances_{split}.json").read_text())
        assert len(content["categories"]) == 80
        assert {image["id"] for image in content["images"]} == set(
            synthetic_coco.plan_images(scene_parameters)[split]
        )
        names = {image["file_name"] for image in content["images"]}
        assert names == {path.name for path in (coco_raw / split).iterdir()}
        assert len(names) == count
        for image in content["images"]:
            assert image["file_name"] == f"COCO_{split}_{image['id']:012d}.jpg"
            with Image.open(coco_raw / split / image["file_name"]) as file:
                modes.add(file.mode)
                assert file.size == (image["width"], image["height"])
        annotated = {annotation["image_id"] for annotation in content["annotations"]}
        empty += len(content["images"]) - len(annotated)
        numbers = [annotation["id"] for annotation in content["annotations"]]
        assert len(set(numbers)) == len(numbers)
        for annotation in content["annotations"]:
            parts = annotation["segmentation"]
            is_polygon = isinstance(parts, list)
            assert is_polygon == (not annotation["iscrowd"])
            kinds.add("crowd" if not is_polygon else "parts" if len(parts) > 1 else "one part")
    assert modes == {"RGB", "L"}
    assert empty > 0
    assert {"crowd", "one part"} <= kinds


def test_coco_annotations_overlap_and_some_have_several_parts():
    overlaps = parts = 0
    for index in range(120):
        scene = synthetic_coco.draw_image(SyntheticParameters(), "train2014", index)
        entries = synthetic_coco.annotate_scene(scene)
        visible = np.bincount(scene.instances.ravel(), minlength=1 + len(scene.objects))[1:]
        for entry, shown in zip(entries, visible, strict=False):
            overlaps += entry["area"] > shown
            parts += len(entry["segmentation"]) > 1
    assert overlaps > 5
    assert parts > 2


def read_annotations(raw, name):
    return json.loads((raw / "annotations" / f"{name}.json").read_text())


def test_lvis_layout(lvis_raw, lvis_scenes):
    coco = {name: read_annotations(lvis_raw, f"instances_{name}") for name in LVIS_FOLDERS}
    files = {}
    for folder, content in coco.items():
        assert len(content["categories"]) == 80
        for image in content["images"]:
            assert image["file_name"] == f"{image['id']:012d}.jpg"
            files[image["id"]] = f"{folder}/{image['file_name']}"
    assert set(files.values()) == {
        f"{path.parent.name}/{path.name}" for path in lvis_raw.glob("*2017/*.jpg")
    }
    folders = {}
    for split, count in (("train", 40), ("val", 20)):
        content = read_annotations(lvis_raw, f"lvis_v1_{split}")
        assert len(content["images"]) == count
        for image in content["images"]:
            place = files[image["id"]]
            assert image["coco_url"] == f"http://images.cocodataset.org/{place}"
            folders.setdefault(split, set()).add(place.split("/")[0])
        names = {each["id"]: each["name"] for each in content["categories"]}
        for annotation in content["annotations"]:
            assert "iscrowd" not in annotation
            assert isinstance(annotation["segmentation"], list)
            assert names[annotation["category_id"]] != "flowerpot"
    assert folders == {"train": {"train2017"}, "val": {"train2017", "val2017"}}


def test_lvis_and_coco_tell_of_the_same_objects(lvis_raw):
    """But for potted plants, which LVIS lacks, and for what is left out so that it is missing."""
    names = {each["id"]: each["name"] for each in synthetic_lvis.CATEGORIES}
    lvis = [read_annotations(lvis_raw, f"lvis_v1_{split}") for split in ("train", "val")]
    coco = [read_annotations(lvis_raw, f"instances_{folder}") for folder in LVIS_FOLDERS]
    in_lvis = [each for content in lvis for each in content["annotations"]]
    in_coco = [each for content in coco for each in content["annotations"]]
    outlines = {(a["image_id"], str(a["segmentation"])) for a in in_coco}
    assert all((a["image_id"], str(a["segmentation"])) in outlines for a in in_lvis)
    plants = [a for a in in_coco if a["category_id"] == 64]
    assert {a["iscrowd"] for a in plants} == {0, 1}
    missing = len(in_coco) - len(plants) - len(in_lvis)
    assert 0 < missing < 0.2 * len(in_coco)
    assert {"lamp", "toy", "airplane", "bird"} <= {names[a["category_id"]] for a in in_lvis}


def test_lvis_classes_look_as_in_voc():
    """One appearance for a class, whichever set it is drawn for."""
    classes = (1, 3, 7, 8, 12, 16)
    parameters = SyntheticParameters(classes=classes, train_images=30, val_images=1)
    looks = class_appearances(classes)
    hues = {class_id: [] for class_id in classes}
    for planned in synthetic_lvis.plan_images(parameters):
        scene = synthetic_lvis.draw_image(parameters, planned)
        for item in scene.objects:
            shown = scene.image[item.mask & (scene.semantic == item.class_id)] / 255
            if item.class_id in classes and len(shown) > 200:
                vivid = max(shown, key=np.ptp)
                hues[item.class_id].append(colorsys.rgb_to_hsv(*vivid)[0])
    for class_id, found in hues.items():
        distances = [abs((hue - looks[class_id].hue + 0.5) % 1 - 0.5) for hue in found]
        assert np.median(distances) < 1 / 12


@pytest.mark.parametrize(
    ("layout", "classes", "message"),
    [
        ("voc", (1, 21), r"\[21\] are not among the 20 classes of 'voc'"),
        ("coco", (81,), "1..80"),
        ("voc", (), "one or more"),
        ("voc", (2, 2), "names a class twice"),
    ],
)
def test_classes_out_of_the_table_are_refused(layout, classes, message, tmp_path):
    with pytest.raises(DatasetError, match=message):
        make_synthetic(layout, SyntheticParameters(classes=classes), tmp_path / "raw")
    assert list(tmp_path.iterdir()) == []


def test_other_data_is_not_replaced(tmp_path):
    real = tmp_path / "VOC2012"
    (real / "JPEGImages").mkdir(parents=True)
    with pytest.raises(DatasetError, match="not replaced"):
        make_synthetic("voc", FEW, real)
    assert (real / "JPEGImages").is_dir()
    make_synthetic("voc", FEW, tmp_path / "made")
    make_synthetic("coco", FEW, tmp_path / "made")
    assert (tmp_path / "made/annotations").is_dir()


def test_one_class_and_eighty_classes(tmp_path):
    one = SyntheticParameters(classes=(5,), train_images=3, val_images=1)
    make_synthetic("voc", one, tmp_path / "one")
    eighty = SyntheticParameters(classes=tuple(range(1, 81)), train_images=3, val_images=1)
    make_synthetic("coco", eighty, tmp_path / "eighty")
