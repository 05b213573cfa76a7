"""The last step of every label source: publish the folder, score it, write the manifest."""

import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from smallobjects.datasets.checksums import sum_of_files
from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.labels.folder import publish_labels
from smallobjects.pseudo_labels.labels.manifest import (
    FullSizeLabel,
    count_labels,
    package_versions,
    scores_of,
    write_manifest,
)
from smallobjects.pseudo_labels.labels.warnings import LabelFacts, label_warnings
from smallobjects.pseudo_labels.training.augmentation import VOID


def publish_source(
    dataset: PreparedDataset,
    split: str,
    score_split: str,
    labels: Iterable[tuple[str, np.ndarray]],
    *,
    source: str,
    parameters: dict[str, Any],
    seed: int | None,
    folder: Path,
    manifest: Path,
    stages: Mapping[str, FullSizeLabel] = MappingProxyType({}),
    inputs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the labels of a split and, when they are complete, their manifest.

    Args:
        dataset: the prepared dataset.
        split: the split that the labels cover.
        score_split: the split on which they are scored; its images must be among them.
        labels: image id and H×W uint8 for each image, in any order.
        source: the source's name.
        parameters: the settings of all stages, to be recorded.
        seed: of the stages, if they have one.
        folder: where the labels go.
        manifest: the manifest's path.
        stages: gives an image's label by an earlier stage, for each stage that is scored too.
        inputs: what else the labels are made from, such as saliency maps, to be recorded.

    Returns:
        The manifest. Its `seconds` are those of this step alone; each of its `warnings` is printed
        to standard error as a line of its own.

    Raises:
        BadInputError: the labels are not complete or do not fit.
    """
    start = time.monotonic()
    image_ids, score_ids = dataset.split(split), dataset.split(score_split)
    # An older manifest must not describe the new labels, not even for a moment.
    manifest.unlink(missing_ok=True)
    pixels = publish_labels(dataset, image_ids, labels, folder)
    counted = count_labels(dataset, score_ids, folder, stages)
    scores = scores_of(counted, dataset.class_names)
    facts = LabelFacts(
        miou=scores["miou"],
        stages=scores["stages"],
        pixels=pixels,
        true_pixels=counted.labels.counts.sum(axis=1),
        image_classes=[dataset.image_classes.get(image_id, ()) for image_id in image_ids],
        class_names=dataset.class_names,
    )
    warnings = label_warnings(facts)
    content = {
        "source": source,
        "dataset": dataset.name,
        "split": split,
        "score_split": score_split,
        "images": len(image_ids),
        "scored_images": len(score_ids),
        **scores,
        "void_share": float(pixels[VOID] / max(1, pixels.sum())),
        "warnings": warnings,
        "checksums": {"labels": sum_of_files(folder.glob("*.png"))},
        "parameters": parameters,
        **({"inputs": inputs} if inputs else {}),
        "seed": seed,
        "versions": package_versions(),
        "seconds": round(time.monotonic() - start, 3),
    }
    write_manifest(manifest, content)
    for warning in warnings:
        place = f"labels of {source} for {dataset.name}"
        print(f"WARNING: {place}: {warning['message']} ({manifest})", file=sys.stderr)
    return content
