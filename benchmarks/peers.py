"""What other metrics can tell about small objects, and how long they take, in one run.

    python benchmarks/peers.py --coco instances_train2017.json

On the images of an annotation file of COCO, predictions are the ground truth with one thing wrong:
all small objects missing, all large objects of a wrong class, every object displaced by 2 pixels.
For each of these, what each metric says, in percent, and the seconds that it takes beside ours.
A library that is not installed is left out: torchmetrics and panoptica come from the package index,
MMSegmentation with this project's environment.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from smallobjects.cli.coco_truth import read_coco_truths
from smallobjects.metrics import InstanceIoU
from smallobjects.metrics.instances import SIZE_LIMITS

C, VOID = 81, 255
Masks = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Prediction, classes and instances of an image."""
Scores = dict[str, float]


def truth(coco: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return classes and instances of every image."""
    truths = read_coco_truths(coco, None)
    masks = [truths.of(image).read() for image in sorted(truths.images())]
    return [(np.asarray(each.semantic), np.asarray(each.instances)) for each in masks]


def without(semantic: np.ndarray, instances: np.ndarray, small: bool) -> np.ndarray:
    """Return the classes with the small objects missing, or the large ones of a wrong class."""
    prediction = np.where(semantic == VOID, 0, semantic)
    ids, areas = np.unique(instances, return_counts=True)
    for instance, area in zip(ids, areas, strict=True):
        if instance in (0, VOID):
            continue
        if small and area < SIZE_LIMITS[0]:
            prediction[instances == instance] = 0
        if not small and area >= SIZE_LIMITS[1]:
            prediction[instances == instance] = prediction[instances == instance] % (C - 1) + 1
    return prediction


def displaced(semantic: np.ndarray, instances: np.ndarray) -> np.ndarray:
    """Return the classes, 2 pixels to the right and below."""
    del instances
    return np.roll(np.where(semantic == VOID, 0, semantic), (2, 2), (0, 1))


ERRORS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "small objects missing": lambda semantic, instances: without(semantic, instances, small=True),
    "large objects mistaken": lambda semantic, instances: without(semantic, instances, small=False),
    "all displaced by 2 pixels": displaced,
}


def ours(images: list[Masks]) -> Scores:
    """IA-mIoU and its parts."""
    metric = InstanceIoU(num_classes=C)
    for number, masks in enumerate(images):
        metric.update(*masks, f"{number}")
    scores = metric.compute()
    names = {"mIoU": "miou", "IA-mIoU": "ia_miou", "IA_S": "ia_s", "IA_M": "ia_m", "IA_L": "ia_l"}
    return {title: scores[name] for title, name in names.items()}


def torchmetrics_mean_iou(images: list[Masks]) -> Scores:
    """The mean IoU of torchmetrics, which averages over images and knows no void."""
    import torch
    from torchmetrics.segmentation import MeanIoU

    metric = MeanIoU(C, input_format="index", per_class=False)
    for prediction, semantic, _ in images:
        given = np.where(semantic == VOID, 0, semantic), np.where(semantic == VOID, 0, prediction)
        target, preds = (torch.from_numpy(each.astype(np.int64))[None] for each in given)
        metric.update(preds, target)
    return {"mIoU": float(metric.compute())}


def mmsegmentation_iou(images: list[Masks]) -> Scores:
    """The mIoU of MMSegmentation, from the areas of the whole dataset."""
    import torch
    from mmseg.evaluation.metrics import IoUMetric

    metric = IoUMetric()
    metric.dataset_meta = {"classes": [str(number) for number in range(C)]}
    for prediction, semantic, _ in images:
        given = (torch.from_numpy(each.astype(np.int64)) for each in (prediction, semantic))
        metric.results.append(metric.intersect_and_union(*given, C, VOID))
    areas = [sum(part) for part in zip(*metric.results, strict=True)]
    ious = areas[0] / areas[1]
    return {"mIoU": float(torch.nanmean(ious))}


def panoptica_quality(images: list[Masks]) -> Scores:
    """Panoptic quality of connected components of each class, by panoptica."""
    from panoptica import (
        ConnectedComponentsInstanceApproximator,
        InputType,
        NaiveThresholdMatching,
        Panoptica_Evaluator,
    )

    evaluator = Panoptica_Evaluator(
        expected_input=InputType.SEMANTIC,
        instance_approximator=ConnectedComponentsInstanceApproximator(),
        instance_matcher=NaiveThresholdMatching(),
    )
    qualities: dict[str, list[float]] = {"PQ": [], "RQ": [], "SQ": []}
    for prediction, semantic, _ in images:
        known = semantic != VOID
        for class_id in np.unique(semantic[known & (semantic > 0)]):
            pair = (
                ((each == class_id) & known).astype(np.uint8) for each in (prediction, semantic)
            )
            found = next(iter(evaluator.evaluate(*pair, verbose=False).values()))
            for title, value in (("PQ", found.pq), ("RQ", found.rq), ("SQ", found.sq)):
                qualities[title].append(float(value))
    return {title: float(np.nanmean(values)) for title, values in qualities.items()}


PEERS = {
    "smallobjects": ours,
    "torchmetrics MeanIoU": torchmetrics_mean_iou,
    "MMSegmentation IoUMetric": mmsegmentation_iou,
    "panoptica": panoptica_quality,
}


def main() -> None:
    """Print a table: metric, what is wrong, what it says, times as long as ours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coco", type=Path, required=True)
    truths = truth(parser.parse_args().coco)
    print(f"{len(truths)} images\n| metric | what is wrong | what it says | times as long |")
    print("|---|---|---|---|")
    own: dict[str, float] = {}
    for peer, score in PEERS.items():
        for error, wrong in ERRORS.items():
            images = [(wrong(*masks).astype(masks[0].dtype), *masks) for masks in truths]
            try:
                score(images[:1])  # what is imported and compiled at first is not measured
            except ImportError as missing:
                print(f"| {peer} | | left out: {missing} | |")
                break
            start = perf_counter()
            scores = score(images)
            seconds = perf_counter() - start
            own.setdefault(error, seconds)
            said = ", ".join(f"{title} {100 * value:.1f}" for title, value in scores.items())
            print(f"| {peer} | {error} | {said} | {seconds / own[error]:.1f} |")


if __name__ == "__main__":
    main()
