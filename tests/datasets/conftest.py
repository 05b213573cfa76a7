"""Raw and prepared datasets that several tests read."""

from pathlib import Path

import pytest

from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters
from smallobjects.datasets.pascal_b.candidates import find_candidates
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.synthetic.raw_data import make_synthetic

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

LVIS_SCENES = SyntheticParameters(
    train_images=40, val_images=20, seed=3, classes=(1, 3, 7, 8, 12, 16)
)
LVIS = DatasetParameters(
    title="PASCAL-B",
    layout="lvis",
    num_classes=21,
    raw="synthetic",
    splits={"val": {"source": "selection"}},
    evaluate="val",
    trained_on="voc",
    size_limits=LIMITS,
    lvis={},
    selection={"images": 15, "small": 12, "medium": 14, "large": 12},
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
def lvis_scenes() -> SyntheticParameters:
    return LVIS_SCENES


@pytest.fixture(scope="session")
def lvis_parameters() -> DatasetParameters:
    return LVIS


@pytest.fixture(scope="session")
def lvis_raw(tmp_path_factory) -> Path:
    """Synthetic raw LVIS data; only read it."""
    folder = tmp_path_factory.mktemp("raw") / "lvis"
    make_synthetic("lvis", LVIS_SCENES, folder)
    return folder


@pytest.fixture(scope="session")
def candidates(lvis_raw, tmp_path_factory) -> Path:
    """The table of candidates of the synthetic LVIS data."""
    path = tmp_path_factory.mktemp("selection") / "candidates.parquet"
    find_candidates(lvis_raw, LVIS.lvis, LIMITS, path)
    return path


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
