"""Train_aug of PASCAL VOC: VOC 2012 with the masks of SBD (Hariharan et al., ICCV 2011)."""

import os
from functools import partial
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from smallobjects.datasets.class_tables import VOC_CLASSES
from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.mask_files import check_same_size, read_image_size, write_mask
from smallobjects.fetching.records import MadeRecord, is_provided, record_path, write_record
from smallobjects.image_lists import read_lines
from smallobjects.parallel import ordered_map
from smallobjects.progress import progress
from smallobjects.publishing import publish_directory

LISTS = Path("ImageSets/Segmentation")
MASKS = "SegmentationClassAug"


def join_sbd(voc: str | Path, sbd: str | Path, output: str | Path, workers: int = 1) -> list[str]:
    """Write a raw folder of VOC whose list `train_aug` and masks hold the images of SBD too.

    The folder `output` links to the folders of VOC. Its own are `ImageSets/Segmentation`, with
    VOC's lists and `train_aug.txt`, and `SegmentationClassAug`, with a palette PNG for every image
    of train_aug that VOC itself has no class mask for. It appears when it is whole; VOC and SBD are
    only read.

    Args:
        voc: the folder VOCdevkit/VOC2012.
        sbd: SBD's folder `dataset`, with cls/<id>.mat, train.txt and val.txt.
        output: the folder to make.
        workers: processes that convert masks.

    Returns:
        The ids of train_aug, ascending: 10,582 for the published data.

    Raises:
        DatasetError: a file is missing or malformed, an image and its mask differ in size, or
            `output` holds something else.
    """
    voc, sbd, output = Path(voc).absolute(), Path(sbd).absolute(), Path(output).absolute()
    if is_provided(output):
        raise DatasetError(
            f"{output}: holds other data (there is no {record_path(output)}) and is not replaced; "
            "choose another folder"
        )
    voc_train, voc_val = (_read_list(voc / LISTS / f"{split}.txt") for split in ("train", "val"))
    sbd_images = [i for split in ("train", "val") for i in _read_list(sbd / f"{split}.txt")]
    train_aug = sorted({*voc_train, *sbd_images} - set(voc_val))
    added = sorted(set(train_aug) - set(voc_train))
    with publish_directory(output) as folder:
        for path in sorted(voc.iterdir()):
            if path.name not in (LISTS.parts[0], MASKS):
                # Beside each other in one folder of downloads, they can be moved with it.
                (folder / path.name).symlink_to(os.path.relpath(path, output))
        (folder / LISTS).mkdir(parents=True)
        for path in sorted((voc / LISTS).glob("*.txt")):
            (folder / LISTS / path.name).write_bytes(path.read_bytes())
        text = "".join(f"{image_id}\n" for image_id in train_aug)
        (folder / LISTS / "train_aug.txt").write_text(text)
        (folder / MASKS).mkdir()
        convert = partial(_convert, voc=voc, sbd=sbd, masks=folder / MASKS)
        done = ordered_map(convert, added, workers)
        for _ in progress(done, "Converting SBD", len(added)):
            pass
    write_record(output, MadeRecord(made_from=(voc.name, sbd.name), files=len(added)))
    return train_aug


def read_sbd_mask(path: Path) -> np.ndarray:
    """Return the class mask in a file of SBD's folder `cls`: H×W uint8, 0 background, 1..20.

    Raises:
        DatasetError: the file is missing, or is no mask of VOC's classes.
    """
    if not path.is_file():
        raise DatasetError(f"{path}: no such mask; SBD is incomplete, unpack it again")
    try:
        truth = loadmat(path, variable_names=["GTcls"])["GTcls"]
        mask = np.asarray(truth["Segmentation"][0, 0])
    except Exception as error:  # what loadmat raises on damaged files is not documented
        raise DatasetError(
            f"{path}: no mask of SBD (GTcls.Segmentation) can be read ({error!r}); unpack it again"
        ) from error
    if mask.ndim != 2 or mask.dtype != np.uint8 or mask.max(initial=0) > len(VOC_CLASSES):
        raise DatasetError(
            f"{path}: GTcls.Segmentation must be H×W uint8 with values 0..{len(VOC_CLASSES)}, not "
            f"{mask.shape} {mask.dtype} up to {mask.max(initial=0)}"
        )
    return mask


def _convert(image_id: str, voc: Path, sbd: Path, masks: Path) -> None:
    image, source = voc / "JPEGImages" / f"{image_id}.jpg", sbd / "cls" / f"{image_id}.mat"
    mask = read_sbd_mask(source)
    check_same_size(image, read_image_size(image), source, mask.shape)
    write_mask(masks / f"{image_id}.png", mask)


def _read_list(path: Path) -> list[str]:
    try:
        return read_lines(path)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such list of images; unpack the data again") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: no list of images ({error}); unpack it again") from error
