"""A prepared dataset, predictions of it, and their scores."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from smallobjects.cli import main
from smallobjects.datasets.parameters import DatasetParameters, SyntheticParameters
from smallobjects.datasets.preparation.dataset import prepare_dataset
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.datasets.synthetic.raw_data import make_synthetic

VOC = DatasetParameters(
    title="VOC",
    layout="voc",
    num_classes=21,
    raw="synthetic",
    splits={name: {"source": name} for name in ("train_aug", "train", "val")},
    train="train_aug",
    label_score="train",
    evaluate="val",
    size_limits=(150, 900),
    semantic_masks=("SegmentationClass", "SegmentationClassAug"),
)


@dataclass(frozen=True)
class Scored:
    """What is viewed."""

    dataset: PreparedDataset
    predictions: Path
    scores: Path


@pytest.fixture(scope="session")
def scored(tmp_path_factory) -> Scored:
    """Predictions that are the ground truth, moved by a few pixels; only read them."""
    folder = tmp_path_factory.mktemp("viewed")
    make_synthetic("voc", SyntheticParameters(train_images=3, val_images=8, seed=3), folder / "raw")
    prepare_dataset("voc", VOC, folder / "raw", folder / "voc")
    dataset = PreparedDataset.open(folder / "voc")
    (folder / "predictions").mkdir()
    for image in dataset.split("val"):
        semantic = dataset.read_semantic(image)
        moved = np.where(semantic == 255, 0, np.roll(semantic, (3, 4), (0, 1)))
        moved[moved == 255] = 0
        Image.fromarray(moved).save(folder / "predictions" / f"{image}.png")
    (folder / "val.txt").write_text("\n".join(dataset.split("val")))
    done = CliRunner().invoke(
        main,
        [
            "score", "--predictions", str(folder / "predictions"), "--num-classes", "21",
            "--semantic", str(folder / "voc" / "semantic"), "--images", str(folder / "val.txt"),
            "--instances", str(folder / "voc" / "instances"), "--size-limits", "150", "900",
            "--output", str(folder / "scores.json"), "--resamples", "0", "--workers", "1",
            "--instances-output", str(folder / "instances.parquet"),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return Scored(dataset, folder / "predictions", folder / "instances.parquet")
