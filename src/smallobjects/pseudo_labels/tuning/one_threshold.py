"""Trials of one threshold, by what is known of the images."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.boxes import AnnotatedBoxes
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.tuning.projections import ProjectionCounts
from smallobjects.pseudo_labels.tuning.score_spread import ScoreSpread
from smallobjects.pseudo_labels.tuning.stage_scores import StageScores
from smallobjects.pseudo_labels.tuning.threshold_counts import ThresholdCounts
from smallobjects.pseudo_labels.tuning.trials import Trial

Knowledge = Literal["masks", "boxes", "image-labels"]
CRITERIA: dict[Knowledge, str] = {
    "masks": "miou",
    "boxes": "extent_iou",
    "image-labels": "explained_variance",
}
"""What is made as high as can be, by what is known; all lie in [0, 1]."""


def try_thresholds(
    dataset: PreparedDataset,
    image_ids: list[str],
    scores: StageScores,
    name: str,
    thresholds: Sequence[float],
    by: Knowledge,
) -> list[Trial]:
    """Try every threshold on some images, with one look at the scores of each.

    Args:
        dataset: gives the images, and the masks or boxes if they are asked for.
        image_ids: the images.
        scores: gives the scores of an image.
        name: of the threshold, among the stage's parameters.
        thresholds: ascending, in [0, 1].
        by: `masks`: the mIoU; `boxes`: how well the labels reach as far as the boxes; or
            `image-labels`: how well the threshold parts the scores, whatever the objects are.
    """
    add, values = _criterion(dataset, thresholds, by)
    for image_id in progress(image_ids, "score thresholds", len(image_ids)):
        image = read_image(dataset, image_id)
        add(image_id, *scores(image, image_id))
    return [
        Trial({name: threshold}, value)
        for threshold, value in zip(thresholds, values(), strict=True)
    ]


def _criterion(dataset: PreparedDataset, thresholds: Sequence[float], by: Knowledge) -> tuple:
    """Return what adds an image's classes and scores, and what gives the values at the end."""
    if by == "masks":
        counts = ThresholdCounts(dataset.num_classes, thresholds)

        def compare(image_id: str, classes: np.ndarray, scores: np.ndarray) -> None:
            counts.add(dataset.read_semantic(image_id), classes, scores)

        return compare, counts.mean_ious
    if by == "boxes":
        boxes = AnnotatedBoxes(dataset)
        extents = ProjectionCounts(thresholds)

        def project(image_id: str, classes: np.ndarray, scores: np.ndarray) -> None:
            extents.add(boxes.of(image_id, scores.shape[1:]), classes, scores)

        return project, extents.ious
    spread = ScoreSpread(thresholds)

    def gather(_: str, classes: np.ndarray, scores: np.ndarray) -> None:
        spread.add(classes, scores)

    return gather, spread.explained
