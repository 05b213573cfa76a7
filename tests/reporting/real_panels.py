"""Real samples with made-up predictions, scored as the workflow scores them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image

from smallobjects.cli import main
from smallobjects.datasets.prepared import PreparedDataset

ARMS = {"ce": 9, "sb": 3}
"""By how many pixels the predictions of each loss are displaced."""
PARAMETERS = {
    "voc": {
        "title": "PASCAL VOC",
        "layout": "voc",
        "num_classes": 21,
        "splits": {"val": {"source": "train_obj"}},
    },
    "coco": {
        "title": "MS COCO",
        "layout": "coco",
        "num_classes": 81,
        "splits": {
            "val": {
                "source": "annotations/instances_train2017.json",
                "images": "train2017",
                "count": 30,
            }
        },
    },
}
RAW = {"voc": "VOCdevkit/VOC2012", "coco": "coco"}


@dataclass(frozen=True)
class RealPanels:
    """What panels are made of."""

    name: str
    dataset: PreparedDataset
    folder: Path

    def pages(self) -> dict:
        arms = [
            {
                "loss": loss,
                "predictions": str(self.folder / loss),
                "instances": str(self.folder / f"{loss}.parquet"),
            }
            for loss in ARMS
        ]
        described = {"title": self.name, "path": str(self.dataset.root), "split": "val"}
        model = {"labels": "irn", "labels_title": "IRN", "segmentor": "deeplabv2"}
        model |= {"segmentor_title": "DeepLabV2", "arms": arms}
        return {"dataset": described, "models": [model]}


def run(*arguments):
    result = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def make_real_panels(name: str, realdata: Path, folder: Path) -> RealPanels:
    """Prepare samples, displace their masks, and score that as the predictions of two losses."""
    roles = {"raw": "given", "train": "val", "label_score": "val", "evaluate": "val"}
    arguments = ["prepare-dataset", "--name", name, "--parameters"]
    arguments += [json.dumps(PARAMETERS[name] | roles), "--raw", realdata / RAW[name]]
    run(*arguments, "--output", folder / "dataset")
    dataset = PreparedDataset.open(folder / "dataset")
    for loss, shift in ARMS.items():
        (folder / loss).mkdir()
        for image_id in dataset.split("val"):
            mask = np.roll(dataset.read_semantic(image_id), shift, axis=(0, 1))
            Image.fromarray(np.where(mask == 255, 0, mask)).save(folder / loss / f"{image_id}.png")
        arguments = ["score", "--predictions", folder / loss, "--resamples", 0]
        arguments += ["--semantic", dataset.root / "semantic"]
        arguments += ["--instances", dataset.root / "instances"]
        arguments += ["--num-classes", dataset.num_classes, "--output", folder / f"{loss}.json"]
        arguments += ["--images", dataset.root / "splits/val.txt"]
        run(*arguments, "--instances-output", folder / f"{loss}.parquet")
    return RealPanels(name, dataset, folder)
