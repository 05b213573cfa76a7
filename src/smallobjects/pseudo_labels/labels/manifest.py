"""The manifest of a label source: where its labels come from and how good they are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.labels.folder import read_label
from smallobjects.pseudo_labels.labels.scores import LabelScores, ious_of_confusion, mean_iou
from smallobjects.publishing import publish_file

PACKAGES = ("smallobjects", "torch", "numpy", "pydensecrf2")
POLICIES = ("exclude", "background")
FullSizeLabel = Callable[[str], np.ndarray]


def package_versions() -> dict[str, str | None]:
    """Return the versions of the packages that labels depend on."""

    def find(package: str) -> str | None:
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    return {package: find(package) for package in PACKAGES}


@dataclass(frozen=True)
class CountedLabels:
    """The pixels of the scored images, by true and labelled class."""

    labels: LabelScores
    stages: dict[str, LabelScores]
    """By earlier stage."""


def count_labels(
    dataset: PreparedDataset,
    image_ids: list[str],
    folder: Path,
    stages: Mapping[str, FullSizeLabel] = MappingProxyType({}),
) -> CountedLabels:
    """Compare a folder of labels with the ground truth, pixel by pixel.

    Args:
        dataset: gives the ground truth.
        image_ids: the images to score.
        folder: the labels.
        stages: gives an image's label by an earlier stage, for each stage that is scored too.
    """
    scores = LabelScores(dataset.num_classes)
    earlier = {name: LabelScores(dataset.num_classes) for name in stages}
    for image_id in progress(image_ids, "score labels", len(image_ids)):
        truth = dataset.read_semantic(image_id)
        scores.add(truth, read_label(folder, image_id))
        for name, label_of in stages.items():
            earlier[name].add(truth, label_of(image_id))
    return CountedLabels(scores, earlier)


def scores_of(counted: CountedLabels, class_names: list[str]) -> dict[str, Any]:
    """Return the scores of labels, as a manifest records them.

    Returns:
        `miou` and `class_iou` by void policy, and `stages`: the mIoU of labels without any object
        and of those of the earlier stages, without void. All in [0, 1]; `None` where nothing is
        counted.
    """
    stage_scores = {"all_background": mean_iou(counted.labels.all_background())}
    for name, scores in counted.stages.items():
        stage_scores[name] = mean_iou(scores.confusion("exclude"))
    confusions = {policy: counted.labels.confusion(policy) for policy in POLICIES}
    return {
        "miou": {policy: mean_iou(matrix) for policy, matrix in confusions.items()},
        "class_iou": {
            policy: dict(zip(class_names, ious_of_confusion(matrix), strict=True))
            for policy, matrix in confusions.items()
        },
        "stages": stage_scores,
    }


def write_manifest(path: Path, content: dict[str, Any]) -> None:
    """Write a manifest as JSON that people can read, keys in the order they are given."""
    with publish_file(path) as partial:
        partial.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
