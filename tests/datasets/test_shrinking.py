"""Smaller images: masks, boxes and pixels, beside the same written out pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from smallobjects.datasets.checks.agreement import instance_classes
from smallobjects.datasets.checks.dataset import check_dataset
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.preparation.shrinking import grid_to, shrink
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.raw import AnnotatedImage, Box
from smallobjects.datasets.splits.parameters import SplitParameters

CLASSES = {1: 7, 2: 7, 3: 15, 4: 1}
SIDES = st.integers(1, 24)
MASKS = st.tuples(SIDES, SIDES).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape, elements=st.sampled_from([0, 0, *CLASSES, 255]))
)


def nearest(mask, longest_side):
    """Every pixel of the smaller mask is the one in which its centre lies."""
    height, width = mask.shape
    factor = longest_side / max(height, width)
    smaller = np.empty((max(1, round(height * factor)), max(1, round(width * factor))), mask.dtype)
    for y in range(smaller.shape[0]):
        for x in range(smaller.shape[1]):
            row = (y + 0.5) * height / smaller.shape[0]
            column = (x + 0.5) * width / smaller.shape[1]
            smaller[y, x] = mask[int(row + 1e-9), int(column + 1e-9)]
    return smaller


@given(MASKS, st.integers(1, 24))
def test_masks(mask, longest_side):
    grid = grid_to(*mask.shape, longest_side)
    if grid is None:
        assert max(mask.shape) <= longest_side
    else:
        assert np.array_equal(grid.sample(mask), nearest(mask, longest_side))
        assert max(grid.sample(mask).shape) == longest_side


def annotated(instances, path, void):
    """An image with some class pixels void, whose boxes are those of its instances."""
    classes = {number: CLASSES[number] for number in set(instances.flat) & set(CLASSES)}
    lookup = np.zeros(256, np.uint8)
    lookup[255] = 255
    lookup[list(classes)] = list(classes.values())
    semantic = np.where(void, 255, lookup[instances]).astype(np.uint8)
    boxes = []
    for number, class_id in classes.items():
        y, x = np.nonzero(instances == number)
        boxes.append(Box(class_id, x.min(), y.min(), x.max() + 1, y.max() + 1))
    return AnnotatedImage(
        image_path=path, semantic=semantic, instances=instances, instance_classes=classes,
        boxes=boxes, class_ids=tuple(sorted(set(classes.values()))), hidden_instances=2,
    )  # fmt: skip


@pytest.fixture(scope="session")
def grey(tmp_path_factory):
    """Returns the path of a grey image of a size."""
    folder = tmp_path_factory.mktemp("grey")

    def path(height, width) -> Path:
        file = folder / f"{height}-{width}.jpg"
        if not file.exists():
            Image.new("L", (width, height), 90).save(file)
        return file

    return path


@given(mask=MASKS, longest_side=st.integers(1, 20), seed=st.integers(0, 5))
def test_what_is_left_keeps_its_class(grey, mask, longest_side, seed):
    void = np.random.default_rng(seed).random(mask.shape) < 0.3
    image = annotated(mask, grey(*mask.shape), void)
    smaller = shrink(image, longest_side)
    if max(mask.shape) <= longest_side:
        assert smaller is image
        return
    assert smaller.semantic.shape == smaller.instances.shape == smaller.pixels.shape[:2]
    assert (smaller.pixels == 90).all()
    agreement = instance_classes(smaller.instances, smaller.semantic)
    assert agreement.contradictions == []
    assert agreement.classes == smaller.instance_classes
    assert smaller.instance_classes.items() <= image.instance_classes.items()
    lost = len(image.instance_classes) - len(smaller.instance_classes)
    assert smaller.hidden_instances == 2 + lost
    kept = np.isin(smaller.instances, list(smaller.instance_classes))
    assert np.array_equal(smaller.instances[kept], nearest(mask, longest_side)[kept])
    assert smaller.class_ids == image.class_ids


@given(mask=MASKS, longest_side=st.integers(1, 20))
def test_boxes_go_with_what_they_surround(grey, mask, longest_side):
    image = annotated(mask, grey(*mask.shape), np.zeros(mask.shape, bool))
    smaller = shrink(image, longest_side)
    height, width = smaller.semantic.shape
    for number, before, box in zip(image.instance_classes, image.boxes, smaller.boxes, strict=True):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert box.class_id == before.class_id
        y, x = np.nonzero(smaller.instances == number)
        if len(y):
            assert box.x0 <= x.min() <= x.max() < box.x1
            assert box.y0 <= y.min() <= y.max() < box.y1
        for side, start, end, total, whole in (
            (width, box.x0, box.x1, before.x0 + before.x1, mask.shape[1]),
            (height, box.y0, box.y1, before.y0 + before.y1, mask.shape[0]),
        ):
            assert abs((start + end) / 2 - total / 2 * side / whole) <= 1


def test_a_filled_box_stays_filled(grey):
    instances = np.zeros((40, 30), np.uint8)
    instances[7:23, 3:14] = 1
    smaller = shrink(annotated(instances, grey(40, 30), instances > 9), 24)
    [box] = smaller.boxes
    filled = np.zeros_like(smaller.instances)
    filled[box.y0 : box.y1, box.x0 : box.x1] = 1
    assert np.array_equal(filled, smaller.instances)


def test_instances_of_sixteen_bits_and_none_at_all(grey):
    instances = np.zeros((40, 30), np.uint16)
    instances[:20, :20] = 700
    image = AnnotatedImage(
        grey(40, 30), (instances > 0).astype(np.uint8), instances, {700: 1}, [], (1,)
    )
    smaller = shrink(image, 20)
    assert smaller.instances.dtype == np.uint16
    assert smaller.instances[:10, :10].min() == 700
    without = AnnotatedImage(image.image_path, image.semantic, None, {}, [], (1,))
    assert shrink(without, 20).instances is None
    assert shrink(without, None) is without


def test_prepared_smaller(voc_raw, voc_parameters, tmp_path):
    parameters = voc_parameters.model_copy(update={"longest_side": 40, "size_limits": (26, 156)})
    for workers, name in ((1, "voc"), (2, "again")):
        prepare_dataset("voc", parameters, voc_raw, tmp_path / name, workers=workers)
    dataset = PreparedDataset.open(tmp_path / "voc")
    again = PreparedDataset.open(tmp_path / "again")
    assert list(check_dataset(dataset.root)) == []
    assert dataset.description["longest_side"] == 40
    for image_id in dataset.split("val"):
        image = dataset.read_image(image_id)
        assert image.shape == (40, 40, 3)
        assert not dataset.image_path(image_id).is_symlink()
        with Image.open(voc_raw / f"JPEGImages/{image_id}.jpg") as raw:
            expected = np.asarray(raw.resize((40, 40), Image.Resampling.BOX), int)
        assert np.abs(image - expected).mean() < 12
        with Image.open(voc_raw / f"SegmentationClass/{image_id}.png") as raw:
            assert np.array_equal(dataset.read_semantic(image_id), nearest(np.asarray(raw), 40))
        assert dataset.image_path(image_id).read_bytes() == again.image_path(image_id).read_bytes()
    assert dataset.description == again.description | {"name": dataset.name}


def test_images_that_are_small_enough_stay_links(coco_raw, coco_parameters, coco, tmp_path):
    parameters = coco_parameters.model_copy(update={"longest_side": 96})
    prepare_dataset("coco", parameters, coco_raw, tmp_path / "coco")
    dataset = PreparedDataset.open(tmp_path / "coco")
    assert all(path.is_symlink() for path in (dataset.root / "images").iterdir())
    assert dataset.description["checksums"] == coco.description["checksums"]


def test_a_turned_image_stays_as_its_pixels_are_stored(grey, tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, 30:] = 255
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", quality=95, exif=turned)
    image = AnnotatedImage(tmp_path / "turned.jpg", np.zeros((40, 60), np.uint8), None, {}, [], ())
    smaller = shrink(image, 30).pixels
    assert smaller.shape == (20, 30, 3)
    assert smaller[:, :13].max() < 30
    assert smaller[:, 17:].min() > 225


def test_an_image_that_is_gone_is_refused(tmp_path):
    image = AnnotatedImage(tmp_path / "a.jpg", np.zeros((40, 60), np.uint8), None, {}, [], ())
    with pytest.raises(DatasetError, match=r"a\.jpg: unreadable image .*fetch it again"):
        shrink(image, 30)


def test_a_part_of_real_photographs(realdata, tmp_path):
    """Smaller again, with all that is in the files: void borders, overlapping boxes."""
    from test_voc import real_parameters

    raw = realdata / "voc320/VOC2012"
    splits = {
        "train": {"source": ["train_aug", "train"], "limit": 20},
        "val": {"source": "val", "limit": 20},
    }
    parameters = real_parameters(
        splits={name: SplitParameters.model_validate(split) for name, split in splits.items()},
        longest_side=160,
        size_limits=(105, 944),
        semantic_masks=("SegmentationClass", "SegmentationClassAug"),
    )
    prepare_dataset("voc", parameters, raw, tmp_path / "voc")
    dataset = PreparedDataset.open(tmp_path / "voc")
    assert list(check_dataset(dataset.root)) == []
    shown = {c for image_id in dataset.split("val") for c in dataset.image_classes[image_id]}
    assert len(shown) >= 16
