"""Raw and prepared datasets that several tests read."""

from pathlib import Path

import pytest

from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters
from smallobjects.datasets.preparation import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.synthetic import make_synthetic

LIMITS = (150, 900)
SCENES = SyntheticParameters(train_images=24, val_images=9, seed=3)
VOC = DatasetParameters(
    title="VOC",
    layout="voc",
    num_classes=21,
    raw="synthetic",
    splits={name: {"source": name} for name in ("train_aug", "train", "val")},
    train="train_aug",
    label_score="train",
    evaluate="val",
    size_limits=LIMITS,
    semantic_masks=("SegmentationClass", "SegmentationClassAug"),
)
COCO = DatasetParameters(
    title="COCO",
    layout="coco",
    num_classes=81,
    raw="synthetic",
    splits={
        name: {"source": f"annotations/instances_{name}2014.json", "images": f"{name}2014"}
        for name in ("train", "val")
    },
    train="train",
    label_score="train",
    evaluate="val",
    size_limits=LIMITS,
)


@pytest.fixture(scope="session")
def scene_parameters() -> SyntheticParameters:
    return SCENES


@pytest.fixture(scope="session")
def voc_parameters() -> DatasetParameters:
    return VOC


@pytest.fixture(scope="session")
def coco_parameters() -> DatasetParameters:
    return COCO


@pytest.fixture(scope="session")
def voc_raw(tmp_path_factory) -> Path:
    """Synthetic raw VOC data; only read it."""
    folder = tmp_path_factory.mktemp("raw") / "voc"
    make_synthetic("voc", SCENES, folder)
    return folder


@pytest.fixture(scope="session")
def coco_raw(tmp_path_factory) -> Path:
    """Synthetic raw COCO data; only read it."""
    folder = tmp_path_factory.mktemp("raw") / "coco"
    make_synthetic("coco", SCENES, folder)
    return folder


@pytest.fixture(scope="session")
def voc(voc_raw, tmp_path_factory) -> PreparedDataset:
    folder = tmp_path_factory.mktemp("prepared") / "voc"
    prepare_dataset("voc", VOC, voc_raw, folder)
    return PreparedDataset.open(folder)


@pytest.fixture(scope="session")
def coco(coco_raw, tmp_path_factory) -> PreparedDataset:
    folder = tmp_path_factory.mktemp("prepared") / "coco"
    prepare_dataset("coco", COCO, coco_raw, folder)
    return PreparedDataset.open(folder)


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of all files below a folder (of links: of the files they name)."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def read_files():
    return files_of


TINY = SyntheticParameters(train_images=3, val_images=2, image_size=48)


@pytest.fixture(scope="session")
def tiny_voc_raw(tmp_path_factory) -> Path:
    """A few small scenes; copy it before you change it."""
    folder = tmp_path_factory.mktemp("tiny") / "VOC2012"
    make_synthetic("voc", TINY, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_coco_raw(tmp_path_factory) -> Path:
    """A few small scenes, with crowds; copy it before you change it."""
    folder = tmp_path_factory.mktemp("tiny") / "coco"
    make_synthetic("coco", TINY.model_copy(update={"val_images": 4}), folder)
    return folder
