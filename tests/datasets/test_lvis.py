"""The converter for LVIS: painted masks against what was drawn, and on the real sample."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from smallobjects.datasets.class_tables import COCO_CATEGORIES, VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.lvis import synthetic as synthetic_lvis
from smallobjects.datasets.layouts.lvis.annotations import find_categories
from smallobjects.datasets.layouts.lvis.classes import LVIS_CLASSES
from smallobjects.datasets.layouts.lvis.converter import read_images
from smallobjects.datasets.parameters import DatasetParameters
from smallobjects.datasets.pascal_b.image_selection import select_images
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset

PLANT = VOC_CLASSES.index("pottedplant") + 1


@pytest.fixture(scope="module")
def report(candidates, lvis_parameters, tmp_path_factory):
    folder = tmp_path_factory.mktemp("selected")
    select_images(
        candidates, lvis_parameters.selection, folder / "images.txt", folder / "report.json"
    )
    return folder / "report.json"


@pytest.fixture(scope="module")
def prepared(lvis_raw, lvis_parameters, report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared") / "pascal_b"
    prepare_dataset("pascal_b", lvis_parameters, lvis_raw, folder, selection=report)
    return PreparedDataset.open(folder)


def test_painted_masks_are_the_drawn_ones(lvis_raw, lvis_parameters, lvis_scenes):
    """Where nothing is missing, the masks show every object of a VOC class and nothing else."""
    images = {image.image_id: image for image in read_images(lvis_raw, lvis_parameters.lvis)}
    checked = crowds = 0
    for planned in synthetic_lvis.plan_images(lvis_scenes):
        scene = synthetic_lvis.draw_image(lvis_scenes, planned)
        image = images[f"{planned.number:012d}"]
        painted = image.paint()
        if any(image.hints.__dict__.values()):
            continue
        # Without the objects that are no VOC class, those below show their own annotated pixels.
        others = np.isin(scene.semantic, list(synthetic_lvis._OTHERS))
        semantic = scene.semantic.copy()
        if scene.crowd is not None:
            assert scene.crowd.class_id == PLANT
            semantic[scene.crowd.mask & (scene.instances == 0)] = 255
            crowds += 1
        assert (painted.semantic == semantic)[~others].all()
        classes = {item.class_id for item in scene.objects} - set(synthetic_lvis._OTHERS)
        assert painted.class_ids == tuple(sorted(classes))
        assert {box.class_id for box in painted.boxes} == classes
        checked += bool(classes)
    assert checked > 20
    assert crowds > 2


def test_the_prepared_set_holds_the_selected_images(prepared, report):
    content = json.loads(report.read_text())
    assert prepared.split("val") == content["images"]
    assert len(content["images"]) == 15
    assert prepared.class_names == ["background", *VOC_CLASSES]
    sizes = prepared.instance_table["size"].value_counts()
    assert {name: int(sizes[name]) for name in ("small", "medium", "large")} == {
        name: content["instances"][name] for name in ("small", "medium", "large")
    }
    assert PLANT in set(prepared.instance_table["class_id"])
    for image_id in prepared.split("val"):
        assert prepared.read_image(image_id).shape == (96, 96, 3)


def test_it_says_that_it_is_rebuilt(prepared, report):
    content = json.loads(report.read_text())
    description = prepared.description
    statement = description["selection"]["statement"]
    assert "which are not those of the paper; the candidates were not filtered by hand" in statement
    assert description["source"] == f"synthetic. {statement}"
    assert description["selection"]["rebuilt"] is True
    assert description["selection"]["objective"] == content["objective"]
    assert description["selection"]["published"]["instances"]["total"] == 3996
    assert "images" not in description["selection"]
    assert (description["train"], description["label_score"]) == (None, None)


def test_a_list_of_ones_own_takes_the_place_of_a_selection(lvis_raw, lvis_parameters, tmp_path):
    names = ["000000000049", "000000000025"]
    (tmp_path / "mine.txt").write_text("\n".join(names))
    settings = lvis_parameters.model_dump() | {
        "splits": {"val": {"source": str(tmp_path / "mine.txt")}},
        "selection": None,
    }
    parameters = DatasetParameters.model_validate(settings)
    prepare_dataset("pascal_b", parameters, lvis_raw, tmp_path / "prepared")
    dataset = PreparedDataset.open(tmp_path / "prepared")
    assert dataset.split("val") == names
    assert "selection" not in dataset.description
    assert dataset.description["source"] == "synthetic"


def test_what_does_not_fit_is_refused(lvis_raw, lvis_parameters, report, tmp_path):
    def refused(message, selection=None, raw=lvis_raw, **changes):
        parameters = DatasetParameters.model_validate(lvis_parameters.model_dump() | changes)
        with pytest.raises(DatasetError, match=message):
            prepare_dataset("b", parameters, raw, tmp_path / "prepared", selection=selection)
        assert not (tmp_path / "prepared").exists()

    refused("split 'val' takes selected images, but no selection is given")
    listed = {"splits": {"val": {"source": str(tmp_path / "mine.txt")}}}
    refused(r"mine\.txt: no readable list of image ids", **listed)
    refused("no split has the source `selection`", selection=report, **listed)
    (tmp_path / "mine.txt").write_text("000000000025\n25\n")
    refused("image '25' is in none of annotations/lvis_v1_train.json", **listed)
    refused("the LVIS layout needs `lvis`", lvis=None, **listed)
    (tmp_path / "report.json").write_text("[]")
    refused("no readable report of a selection", selection=tmp_path / "report.json")
    spoilt = shutil.copytree(lvis_raw, tmp_path / "raw")
    first = json.loads(report.read_text())["images"][0]
    (path,) = spoilt.glob(f"*2017/{first}.jpg")
    Image.new("RGB", (95, 96)).save(path)
    refused("has 96×95 pixels", selection=report, raw=spoilt)


@pytest.fixture(scope="module")
def real(realdata, tmp_path_factory):
    """The real LVIS sample with blank images, and a COCO file that lists them, without plants."""
    folder = tmp_path_factory.mktemp("raw")
    content = json.loads((realdata / "lvis" / "lvis_val_100.json").read_text())
    (folder / "lvis.json").write_text(json.dumps(content))
    images = []
    for each in content["images"]:
        name = "/".join(each["coco_url"].split("/")[-2:])
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("L", (each["width"], each["height"])).save(folder / name)
        images.append({"id": each["id"], "file_name": name.split("/")[1], "height": 1, "width": 1})
    coco = {
        "images": images,
        "annotations": [],
        "categories": [{"id": number, "name": name} for number, name in COCO_CATEGORIES.items()],
    }
    (folder / "coco.json").write_text(json.dumps(coco))
    return folder, content


@pytest.mark.realdata
def test_the_real_sample(real, lvis_parameters, tmp_path):
    """Every instance of a VOC class is there, each as large as its polygons less what hides it."""
    folder, content = real
    ids = sorted(each["coco_url"].split("/")[-1].removesuffix(".jpg") for each in content["images"])
    (tmp_path / "all.txt").write_text("\n".join(ids))
    settings = lvis_parameters.model_dump() | {
        "splits": {"val": {"source": str(tmp_path / "all.txt")}},
        "lvis": {"annotations": ["lvis.json"], "coco_annotations": ["coco.json"]},
        "selection": None,
        "size_limits": (1024, 9216),
    }
    parameters = DatasetParameters.model_validate(settings)
    prepare_dataset("pascal_b", parameters, folder, tmp_path / "prepared")
    dataset = PreparedDataset.open(tmp_path / "prepared")
    classes = find_categories("lvis", content["categories"], LVIS_CLASSES, "classes")
    kept = [a for a in content["annotations"] if a["category_id"] in classes]
    hidden = dataset.description["counts"]["hidden_instances"]
    assert len(kept) == 135
    assert len(dataset.instance_table) == len(kept) - hidden
    assert hidden == 0
    expected = pd.Series([VOC_CLASSES.index(classes[a["category_id"]]) + 1 for a in kept])
    pd.testing.assert_series_equal(
        dataset.instance_table["class_id"].value_counts().sort_index(),
        expected.value_counts().sort_index(),
        check_names=False,
        check_index_type=False,
    )
    sizes = {each["id"]: (each["height"], each["width"]) for each in content["images"]}
    smallest = {}
    for each in kept:
        height, width = sizes[each["image_id"]]
        code = coco_mask.merge(coco_mask.frPyObjects(each["segmentation"], height, width))
        smallest.setdefault(f"{each['image_id']:012d}", []).append(int(coco_mask.area(code)))
    for image, areas in dataset.instance_table.groupby("image")["area"]:
        # The smallest mask of an image is hidden by none.
        assert min(smallest[image]) in set(areas)
        assert sum(areas) <= sum(smallest[image])
