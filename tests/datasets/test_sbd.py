"""SBD joined to VOC: the list and masks of train_aug."""

import os

import numpy as np
import pytest
from PIL import Image
from published import take_apart_voc, write_list, write_sbd_mask
from scipy.io import savemat

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.voc.sbd import join_sbd, read_sbd_mask
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset


@pytest.fixture
def published(voc_raw, tmp_path):
    """VOC 2012 and SBD, as they are unpacked."""
    voc, sbd = tmp_path / "unpacked" / "VOC2012", tmp_path / "unpacked" / "SBD"
    take_apart_voc(voc_raw, voc, sbd)
    return voc, sbd


def test_the_dataset_is_the_one_that_was_taken_apart(published, voc_parameters, voc_raw, tmp_path):
    voc, sbd = published
    ids = join_sbd(voc, sbd, tmp_path / "voc", workers=2)
    expected = (voc_raw / "ImageSets/Segmentation/train_aug.txt").read_text().split()
    assert ids == sorted(expected)
    for name, raw in (("joined", tmp_path / "voc"), ("original", voc_raw)):
        prepare_dataset("voc", voc_parameters, raw, tmp_path / name)
    joined, original = (PreparedDataset.open(tmp_path / n) for n in ("joined", "original"))
    assert joined.description["checksums"] == original.description["checksums"]
    assert joined.description["counts"] == original.description["counts"]


def test_only_images_without_a_mask_of_voc_get_one(published, tmp_path):
    voc, sbd = published
    ids = join_sbd(voc, sbd, tmp_path / "voc")
    train = (voc / "ImageSets/Segmentation/train.txt").read_text().split()
    masks = {path.stem for path in (tmp_path / "voc" / "SegmentationClassAug").iterdir()}
    assert masks == set(ids) - set(train)
    with Image.open(next((tmp_path / "voc" / "SegmentationClassAug").iterdir())) as mask:
        assert mask.mode == "P"
        assert mask.getpalette()[3:6] == [128, 0, 0]


def test_the_folder_of_downloads_can_be_moved(published, tmp_path):
    voc, sbd = published
    join_sbd(voc, sbd, voc.parents[1] / "voc")
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("unpacked", "voc"):
        (tmp_path / name).rename(moved / name)
    assert list((moved / "voc" / "JPEGImages").glob("*.jpg"))


def test_the_published_lists_give_the_published_train_aug(realdata, tmp_path):
    """The official lists, with SBD's two taken from them: SBD holds nearly all of VOC's images."""
    lists = realdata / "voc_lists"
    train, train_aug, val = (
        (lists / f"{name}.txt").read_text().split() for name in ("train", "train_aug", "val")
    )
    assert (len(train), len(train_aug), len(val)) == (1464, 10582, 1449)
    voc, sbd = tmp_path / "VOC2012", tmp_path / "SBD"
    for name, ids in (("train", train), ("val", val)):
        write_list(voc / "ImageSets/Segmentation" / f"{name}.txt", ids)
    added = sorted(set(train_aug) - set(train))
    write_list(sbd / "train.txt", [*added[::4], *added[1::4], *added[2::4], *val[::3], *train[5:]])
    write_list(sbd / "val.txt", [*added[3::4], *val[1::3]])
    pixel = np.zeros((1, 1), np.uint8)
    (voc / "JPEGImages").mkdir()
    (sbd / "cls").mkdir()
    write_sbd_mask(tmp_path / "pixel.mat", pixel)
    Image.fromarray(pixel).save(tmp_path / "pixel.jpg")
    for image_id in added:
        os.link(tmp_path / "pixel.jpg", voc / "JPEGImages" / f"{image_id}.jpg")
        os.link(tmp_path / "pixel.mat", sbd / "cls" / f"{image_id}.mat")
    join_sbd(voc, sbd, tmp_path / "voc")
    written = tmp_path / "voc/ImageSets/Segmentation/train_aug.txt"
    assert written.read_text() == (lists / "train_aug.txt").read_text()
    assert len(list((tmp_path / "voc/SegmentationClassAug").iterdir())) == 10582 - 1464


class TestBadInput:
    def test_a_missing_mask(self, published, tmp_path):
        voc, sbd = published
        gone = sorted((sbd / "cls").glob("2008*.mat"))[0]
        gone.unlink()
        with pytest.raises(DatasetError, match=f"{gone}: no such mask"):
            join_sbd(voc, sbd, tmp_path / "voc")
        assert not (tmp_path / "voc").exists()

    def test_a_missing_list(self, published, tmp_path):
        voc, sbd = published
        (sbd / "val.txt").unlink()
        with pytest.raises(DatasetError, match=r"SBD/val.txt: no such list"):
            join_sbd(voc, sbd, tmp_path / "voc")

    def test_a_mask_of_another_size(self, published, tmp_path):
        voc, sbd = published
        flawed = sorted((sbd / "cls").glob("2008*.mat"))[0]
        write_sbd_mask(flawed, np.zeros((7, 9), np.uint8))
        with pytest.raises(DatasetError, match="7×9; they must be the same image"):
            join_sbd(voc, sbd, tmp_path / "voc")

    @pytest.mark.parametrize(
        "mask", [np.full((4, 4), 21, np.uint8), np.zeros((4, 4)), np.zeros((4, 4, 3), np.uint8)]
    )
    def test_values_that_are_no_classes(self, tmp_path, mask):
        write_sbd_mask(tmp_path / "a.mat", mask)
        with pytest.raises(DatasetError, match=r"a.mat: GTcls.Segmentation must be H×W uint8"):
            read_sbd_mask(tmp_path / "a.mat")

    @pytest.mark.parametrize("damage", ["cut", "text", "other"])
    def test_a_damaged_file(self, tmp_path, damage):
        path = tmp_path / "a.mat"
        write_sbd_mask(path, np.zeros((40, 40), np.uint8))
        if damage == "cut":
            path.write_bytes(path.read_bytes()[:-9])
        elif damage == "text":
            path.write_text("not a file of Matlab")
        else:
            savemat(path, {"other": 3})
        with pytest.raises(DatasetError, match=f"{path}: no mask of SBD"):
            read_sbd_mask(path)

    def test_a_folder_of_the_user_is_not_replaced(self, published, tmp_path):
        voc, sbd = published
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "file").write_text("mine")
        with pytest.raises(DatasetError, match="holds other data"):
            join_sbd(voc, sbd, tmp_path / "mine")
        assert (tmp_path / "mine" / "file").read_text() == "mine"


def test_lists_with_a_mark_of_byte_order(published, tmp_path):
    voc, sbd = published
    expected = join_sbd(voc, sbd, tmp_path / "voc")
    for path in [*(voc / "ImageSets/Segmentation").glob("*.txt"), *sbd.glob("*.txt")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert join_sbd(voc, sbd, tmp_path / "again") == expected
