"""Trials of the two thresholds of a seed, which a dense CRF keeps from being counted at once."""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
import torch

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.progress import progress
from smallobjects.pseudo_labels.cams.maps import to_image_size
from smallobjects.pseudo_labels.cams.stores import CamStores
from smallobjects.pseudo_labels.images import read_image
from smallobjects.pseudo_labels.irn.hard_label_crf import refine_labels
from smallobjects.pseudo_labels.irn.seed import argmax_with_background, combine
from smallobjects.pseudo_labels.labels.scores import LabelScores, mean_iou
from smallobjects.pseudo_labels.parameters import SeedParameters
from smallobjects.pseudo_labels.tuning.trials import Trial


def try_seed_thresholds(
    dataset: PreparedDataset,
    image_ids: list[str],
    stores: CamStores,
    parameters: SeedParameters,
    thresholds: Sequence[float],
    most_unsure: float,
) -> list[Trial]:
    """Try every pair of a low and a high threshold on some images.

    The CRF runs once for each threshold and image, and pairs are joined from what it made. The
    value is the mIoU of the sure pixels. It rises as fewer pixels are sure, so that pairs which
    leave more than `most_unsure` of the pixels unsure may not be chosen.

    Args:
        dataset: gives images and masks.
        image_ids: the images.
        stores: the open maps.
        parameters: the CRF; the thresholds are not read.
        thresholds: T values in [0, 1], ascending.
        most_unsure: share of the pixels, in [0, 1].
    """
    pairs = list(combinations_with_replacement(range(len(thresholds)), 2))
    scores = {pair: LabelScores(dataset.num_classes) for pair in pairs}
    for image_id in progress(image_ids, "try seeds", len(image_ids)):
        image, truth = read_image(dataset, image_id), dataset.read_semantic(image_id)
        classes, maps = stores.read(image_id, truth.shape)
        refined = refined_labels(image, maps, thresholds, parameters)
        for low, high in pairs:
            scores[low, high].add(truth, combine(refined[high], refined[low], classes))
    return [
        seed_trial(scores[pair], thresholds[pair[0]], thresholds[pair[1]], most_unsure)
        for pair in pairs
    ]


def refined_labels(
    image: np.ndarray, maps: np.ndarray, thresholds: Sequence[float], parameters: SeedParameters
) -> list[np.ndarray]:
    """Return the labels of an image at each threshold after the CRF, as `make_seed` makes them.

    Returns:
        T maps, H×W integers in 0..K.
    """
    height, width = image.shape[:2]
    if len(maps) == 0:
        return [np.zeros((height, width), dtype=np.int64)] * len(thresholds)
    full = to_image_size(torch.from_numpy(maps), height, width).numpy()
    return [
        refine_labels(image, argmax_with_background(full, each), len(maps) + 1, parameters.crf)
        for each in thresholds
    ]


def seed_trial(scores: LabelScores, low: float, high: float, most_unsure: float) -> Trial:
    """Return what a pair of thresholds reaches, from its counted pixels."""
    unsure = float(scores.counts[:, -1].sum() / max(1, scores.counts.sum()))
    return Trial(
        {"foreground_threshold": high, "background_threshold": low},
        mean_iou(scores.confusion("exclude")),
        {"unsure_share": unsure},
        allowed=unsure <= most_unsure,
    )
