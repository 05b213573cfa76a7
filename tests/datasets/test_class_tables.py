from smallobjects.datasets.class_tables import (
    COCO_CATEGORIES,
    COCO_CLASS_IDS,
    COCO_CLASSES,
    VOC_CLASSES,
    voc_palette,
)


def slow_palette(entries: int) -> list[list[int]]:
    """Write the value in binary, and give every third digit to one channel."""
    palette = []
    for value in range(entries):
        digits = f"{value:024b}"[::-1]
        palette.append([int(digits[channel::3][:8].ljust(8, "0"), 2) for channel in range(3)])
    return palette


def test_class_tables_are_complete():
    assert len(VOC_CLASSES) == len(set(VOC_CLASSES)) == 20
    assert (VOC_CLASSES[0], VOC_CLASSES[14], VOC_CLASSES[19]) == (
        "aeroplane",
        "person",
        "tvmonitor",
    )
    assert list(VOC_CLASSES) == sorted(VOC_CLASSES)
    assert len(COCO_CLASSES) == len(set(COCO_CLASSES)) == 80
    assert list(COCO_CATEGORIES) == sorted(COCO_CATEGORIES)
    missing = set(range(1, 91)) - set(COCO_CATEGORIES)
    assert missing == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
    assert [COCO_CLASS_IDS[category] for category in COCO_CATEGORIES] == list(range(1, 81))
    assert COCO_CLASSES[COCO_CLASS_IDS[90] - 1] == "toothbrush"
    assert COCO_CLASSES[COCO_CLASS_IDS[13] - 1] == "stop sign"


def test_category_names_are_those_of_the_official_file(realdata):
    import json

    path = realdata / "coco_tiny/annotations/instances_train2017.json"
    categories = json.loads(path.read_text())["categories"]
    assert {item["id"]: item["name"] for item in categories} == COCO_CATEGORIES


def test_palette_is_the_standard_one():
    palette = voc_palette(256)
    assert palette == slow_palette(256)
    assert palette[:4] == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert palette[15] == [192, 128, 128]
    assert palette[255] == [224, 224, 192]
    assert voc_palette(81) == palette[:81]
    assert len({tuple(colour) for colour in palette}) == 256


def test_palette_is_that_of_real_masks(realdata):
    from PIL import Image

    masks = sorted((realdata / "VOCdevkit/VOC2012/SegmentationClass").glob("*.png"))
    with Image.open(masks[0]) as mask:
        stored = mask.getpalette()
    assert stored[: 3 * 21] == [channel for colour in voc_palette(21) for channel in colour]
