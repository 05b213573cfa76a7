import numpy as np
import pytest

from smallobjects.datasets.class_tables import VOC_CLASSES


def test_unknown_split_lists_the_known_ones(voc):
    with pytest.raises(
        FileNotFoundError, match=r"no split 'test'.*\['train', 'train_aug', 'val'\]"
    ):
        voc.split("test")


def test_reading_one_image(voc):
    image_id = voc.split("train")[0]
    image, semantic = voc.read_image(image_id), voc.read_semantic(image_id)
    instances = voc.read_instances(image_id)
    assert image.dtype == semantic.dtype == instances.dtype == np.uint8
    assert image.shape == (96, 96, 3)
    assert semantic.shape == instances.shape == (96, 96)
    assert ((semantic == 255) == (instances == 255)).all()
    assert ((semantic == 0) == (instances == 0)).all()


def test_class_names_begin_with_the_background(voc):
    assert voc.class_names == ["background", *VOC_CLASSES]
    assert voc.num_classes == len(voc.palette) == 21


def test_tables_agree_with_each_other(voc):
    """Every drawn object has a box, and its class is a label of its image."""
    with_instances = voc.instance_table.groupby("image").size()
    boxes = voc.box_table.groupby("image").size()
    for image_id, count in with_instances.items():
        assert boxes[image_id] == count
    for row in voc.box_table.itertuples():
        assert row.class_id in voc.image_classes[row.image]
        assert 0 <= row.x0 < row.x1 <= 96
        assert 0 <= row.y0 < row.y1 <= 96
