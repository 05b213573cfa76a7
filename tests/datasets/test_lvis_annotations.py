"""LVIS annotation files: the classes of VOC among the categories, and marks of what is missing."""

import json

import pytest

from smallobjects.datasets.class_tables import COCO_CATEGORIES, VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.lvis.annotations import Hints, find_categories, read_lvis
from smallobjects.datasets.layouts.lvis.classes import (
    FROM_COCO,
    LVIS_CLASSES,
    LVIS_NARROWER,
    VOC_TO_COCO,
)
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters

FILES = {"annotations": ("lvis.json",), "coco_annotations": ("coco.json",)}
SQUARE = [[1.0, 1.0, 4.0, 1.0, 4.0, 4.0, 1.0, 4.0]]


def category(number, name, synset=None, synonyms=()):
    synset = synset or f"{name}.n.01"
    return {"id": number, "name": name, "synset": synset, "synonyms": [name, *synonyms]}


def annotation(number, image, category_id, **more):
    return {
        "id": number,
        "image_id": image,
        "category_id": category_id,
        "segmentation": SQUARE,
        "bbox": [1.0, 1.0, 3.0, 3.0],
        "area": 9.0,
        **more,
    }


DEFAULT_NAMES = [n for table in (LVIS_CLASSES, LVIS_NARROWER) for ns in table.values() for n in ns]
CATEGORIES = [
    category(i, n.removesuffix(".n.11"), n if n.endswith(".n.11") else None)
    for i, n in enumerate([*DEFAULT_NAMES, "lamp"], 1)
]
IDS = {each["name"]: each["id"] for each in CATEGORIES}


def image(number, not_exhaustive=(), **more):
    return {
        "id": number,
        "height": 6,
        "width": 8,
        "coco_url": f"http://images.cocodataset.org/train2017/{number:012d}.jpg",
        "not_exhaustive_category_ids": [IDS[name] for name in not_exhaustive],
        "neg_category_ids": [],
        **more,
    }


@pytest.fixture
def read(tmp_path):
    """Write an LVIS and a COCO file and read them."""

    def write(lvis_images, lvis_annotations, coco_annotations=(), coco_images=None, **parameters):
        lvis = {"images": lvis_images, "annotations": lvis_annotations, "categories": CATEGORIES}
        (tmp_path / "lvis.json").write_text(json.dumps(lvis))
        numbers = [each["id"] for each in lvis_images] if coco_images is None else coco_images
        coco = {
            "images": [
                {"id": n, "file_name": f"{n:012d}.jpg", "height": 6, "width": 8} for n in numbers
            ],
            "annotations": list(coco_annotations),
            "categories": [{"id": i, "name": name} for i, name in COCO_CATEGORIES.items()],
        }
        (tmp_path / "coco.json").write_text(json.dumps(coco))
        return read_lvis(tmp_path, LvisParameters(**{**FILES, **parameters}))

    return write


@pytest.mark.realdata
def test_every_class_of_voc_has_a_category(realdata):
    """The default mapping is that of coco_to_synset.json, by which LVIS tells COCO's categories."""
    content = json.loads((realdata / "lvis" / "lvis_val_100.json").read_text())
    synsets = json.loads((realdata / "lvis" / "coco_to_synset.json").read_text())
    found = find_categories("lvis", content["categories"], LVIS_CLASSES, "classes")
    by_synset = {each["synset"]: each["id"] for each in content["categories"]}
    expected = {
        by_synset[synsets[VOC_TO_COCO[name]]["synset"]]: name
        for name in VOC_CLASSES
        if name != FROM_COCO
    }
    assert found == expected
    assert len(found) == 19


SPOT_CHECKS = {
    "airplane": "aeroplane",
    "bus_(vehicle)": "bus",
    "cow": "cow",
    "baby": "person",  # so named in version 0.5; in version 1 it is `person`
    "sofa": "sofa",
    "television_set": "tvmonitor",
    "dining_table": "diningtable",
    "motorcycle": "motorbike",
    "train_(railroad_vehicle)": "train",
    "flowerpot": None,
    "baby_buggy": None,
    "coffee_table": None,
    "minivan": None,
    "school_bus": None,
    "monitor_(computer_equipment) computer_monitor": None,
}


@pytest.mark.realdata
def test_categories_of_the_real_sample(realdata):
    content = json.loads((realdata / "lvis" / "lvis_val_100.json").read_text())
    found = find_categories("lvis", content["categories"], LVIS_CLASSES, "classes")
    ids = {each["name"]: each["id"] for each in content["categories"]}
    assert {name: found.get(ids[name]) for name in SPOT_CHECKS} == SPOT_CHECKS
    narrower = find_categories("lvis", content["categories"], LVIS_NARROWER, "narrower")
    assert narrower[ids["minivan"]] == "car"
    assert narrower[ids["bull"]] == "cow"
    assert not set(found) & set(narrower)


def test_the_config_states_the_defaults(repository):
    import yaml

    stated = yaml.safe_load((repository / "config/datasets/pascal_b.yaml").read_text())["lvis"]
    assert LvisParameters.model_validate(stated) == LvisParameters()


def test_other_categories_become_background_and_are_told(read):
    annotations = [
        annotation(1, 5, IDS["cow"]),
        annotation(2, 5, IDS["lamp"]),
        annotation(3, 5, IDS["minivan"]),
        annotation(4, 6, IDS["lamp"]),
    ]
    entries = read([image(5, ["cow", "lamp"]), image(6)], annotations)
    assert [a["id"] for a in entries["000000000005"].coco.annotations] == [1]
    assert entries["000000000005"].hints == Hints(("cow",), (), ("minivan",))
    assert entries["000000000005"].coco.file_name == "train2017/000000000005.jpg"
    assert entries["000000000006"].coco.annotations == []
    assert entries["000000000006"].hints == Hints()


def test_potted_plants_and_what_is_missing_come_from_coco(read):
    coco = [
        annotation(7, 5, 64, iscrowd=0),
        annotation(8, 5, 64, iscrowd=1),
        annotation(9, 5, 1, iscrowd=0),
        annotation(10, 5, 21, iscrowd=0),
        annotation(11, 5, 85, iscrowd=0),
    ]
    entry = read([image(5)], [annotation(1, 5, IDS["cow"])], coco)["000000000005"]
    assert [(a["id"], a["category_id"]) for a in entry.coco.annotations] == [
        (1, 21),
        ("7 of coco.json", 64),
        ("8 of coco.json", 64),
    ]
    assert entry.hints == Hints(only_in_coco=("person",))


def test_classes_can_be_widened(read):
    classes = {**LVIS_CLASSES, "car": ("car_(automobile)", "minivan")}
    narrower = {**LVIS_NARROWER, "car": ("jeep",)}
    entry = read(
        [image(5)],
        [annotation(1, 5, IDS["minivan"]), annotation(2, 5, IDS["jeep"])],
        classes=classes,
        narrower=narrower,
    )["000000000005"]
    assert [(a["id"], a["category_id"]) for a in entry.coco.annotations] == [(1, 3)]
    assert entry.hints.narrower == ("jeep",)


def test_an_unknown_category_names_close_ones(read):
    classes = {**LVIS_CLASSES, "car": ("car_(automobil)",)}
    with pytest.raises(DatasetError, match=r"classes\.car: .*lvis\.json has no category 'car_\(aut"
                       r"omobil\)'; did you mean 'car_\(automobile\)'"):  # fmt: skip
        read([image(5)], [], classes=classes)


def test_a_name_comes_before_a_synonym_and_two_synonyms_are_ambiguous():
    categories = [
        category(1, "bus", synonyms=["coach"]),
        category(2, "coach"),
        category(3, "scooter_a", synonyms=["scooter"]),
        category(4, "scooter_b", synonyms=["scooter"]),
    ]
    assert find_categories("f", categories, {"bus": ["coach"]}, "classes") == {2: "bus"}
    assert find_categories("f", categories, {"bus": ["bus.n.01"]}, "classes") == {1: "bus"}
    with pytest.raises(DatasetError, match=r"any of the categories \[3, 4\] of f; give the synset"):
        find_categories("f", categories, {"motorbike": ["scooter"]}, "classes")
    with pytest.raises(DatasetError, match=r"which classes\.bus names already"):
        find_categories("f", categories, {"bus": ["bus"], "car": ["bus.n.01"]}, "classes")


def test_the_mapping_itself_is_checked():
    with pytest.raises(ValueError, match="classes: 'carr' is none of aeroplane"):
        LvisParameters(classes={**LVIS_CLASSES, "carr": ("jeep",)})
    with pytest.raises(ValueError, match="'pottedplant' is none of"):
        LvisParameters(classes={**LVIS_CLASSES, "pottedplant": ("flowerpot",)})
    with pytest.raises(ValueError, match="classes: 'cat' needs at least one"):
        LvisParameters(classes={**LVIS_CLASSES, "cat": ()})
    with pytest.raises(ValueError, match="'jeep' is named twice"):
        LvisParameters(classes={**LVIS_CLASSES, "car": ("jeep",)})


WRONG = {
    "an image is in two files": (
        {"annotations": ("lvis.json", "lvis.json")},
        {},
        "'000000000005' is also in .*lvis.json",
    ),
    "an image is in no COCO file": (
        {},
        {"coco_images": [4]},
        "in none of the COCO files",
    ),
    "a file is missing": ({"annotations": ("other.json",)}, {}, "other.json: no such annotation"),
}


@pytest.mark.parametrize("case", WRONG)
def test_files_that_do_not_fit_are_refused(read, case):
    parameters, content, message = WRONG[case]
    with pytest.raises(DatasetError, match=message):
        read([image(5)], [annotation(1, 5, IDS["cow"])], **content, **parameters)


def test_content_that_does_not_fit_is_refused(read):
    with pytest.raises(DatasetError, match="annotation 1 has the category 9999"):
        read([image(5)], [annotation(1, 5, 9999)])
    with pytest.raises(DatasetError, match="annotation 1 belongs to image 6"):
        read([image(5)], [annotation(1, 6, IDS["cow"])])
    without_url = image(5)
    without_url.pop("coco_url")
    with pytest.raises(DatasetError, match="coco_url"):
        read([without_url], [])
    with pytest.raises(DatasetError, match="'photo' is not named by its number"):
        read([image(5, coco_url="http://x/train2017/photo.jpg")], [])
