"""Synthetic raw data of VOC, taken apart into the two things that are published: VOC and SBD."""

import shutil
from pathlib import Path

import numpy as np
from scipy.io import savemat
from scipy.sparse import csc_matrix

from smallobjects.datasets.mask_files import read_mask


def write_sbd_mask(path: Path, mask: np.ndarray) -> None:
    """Write a mask in the form of SBD's folder `cls`: a struct with three fields."""
    boundaries = np.empty((20, 1), object)
    for row in range(20):
        boundaries[row, 0] = csc_matrix(mask.reshape((*mask.shape[:2], -1))[..., 0] == row + 1)
    fields = {
        "Boundaries": boundaries,
        "Segmentation": mask,
        "CategoriesPresent": np.unique(mask[mask > 0]).astype(np.uint8)[:, None],
    }
    savemat(path, {"GTcls": fields}, do_compression=True)


def write_list(path: Path, ids: list[str]) -> None:
    """Write one id per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{image_id}\n" for image_id in ids))


def take_apart_voc(raw: Path, voc: Path, sbd: Path) -> None:
    """Write VOC 2012 alone, without train_aug, to `voc`, and SBD's folder `dataset` to `sbd`.

    SBD's own split is another: it has some of VOC's val, and not all of VOC's train.
    """
    shutil.copytree(raw, voc)
    lists, masks = voc / "ImageSets/Segmentation", voc / "SegmentationClassAug"
    (sbd / "cls").mkdir(parents=True)
    train_aug, val = ((lists / f"{name}.txt").read_text().split() for name in ("train_aug", "val"))
    for image_id in train_aug:
        write_sbd_mask(sbd / "cls" / f"{image_id}.mat", read_mask(masks / f"{image_id}.png"))
    shutil.rmtree(masks)
    (lists / "train_aug.txt").unlink()
    (voc / "synthetic.json").unlink()
    write_list(sbd / "train.txt", [*train_aug[3::2], val[0]])
    write_list(sbd / "val.txt", [*train_aug[2::2], val[1]])
