"""When labels are too bad to train on: rules that need no eye on the labels.

Nothing here stops a run: that labels are bad may be what a study shows. But it must be said, in the
log of the job that made them, in their manifest, in `smallobjects status` and in the report.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smallobjects.pseudo_labels.training.augmentation import VOID

LEAST_DIFFERENCE = 0.001
"""Of two mIoU in [0, 1]: 0.1 points, the last digit that tables print. Less is not seen there."""
MOST_VOID = 0.5
MOST_OF_ONE_CLASS = 0.9
COMPARED_STAGES = {
    "cam": (
        "worse_than_maps",
        "the maps that they come from (stage `cam`)",
        "the thresholds after the maps may be those of another backbone: "
        "`smallobjects tune-thresholds` chooses them; or a training on the way was too short",
    ),
    "filled_boxes": (
        "worse_than_boxes",
        "boxes filled with their class (stage `filled_boxes`)",
        "train longer, or look at the training's log and settings",
    ),
}
"""What final labels must beat: the kind of warning, what it is, and the remedy."""


@dataclass(frozen=True)
class LabelFacts:
    """What is known of the labels of a source."""

    miou: Mapping[str, float | None]
    """By void policy (`exclude`, `background`), in [0, 1]; None where nothing is counted."""
    stages: Mapping[str, float | None]
    """mIoU of earlier stages and of `all_background`, void left out; None as above."""
    pixels: np.ndarray
    """256 int64: the pixels of all labels by their value."""
    true_pixels: np.ndarray
    """C+1 int64: the pixels of the ground truth of the scored images by class; 0 without any."""
    image_classes: Sequence[tuple[int, ...]]
    """The image-level labels of every labelled image."""
    class_names: Sequence[str]
    """The first is the background."""


def label_warnings(facts: LabelFacts) -> list[dict[str, Any]]:
    """Return what is wrong with labels, as a manifest records it.

    Returns:
        For each warning its `kind`, a `message` in one line with the numbers and the remedy, and
        the numbers by name. An empty list for labels without a fault that the rules know.
    """
    rules = (_worse_than_stages, _not_better_than_background, _mostly_void, _of_one_class)
    return [warning for rule in rules for warning in rule(facts)]


def _worse_than_stages(facts: LabelFacts) -> Iterator[dict[str, Any]]:
    """Labels whose mIoU is more than `LEAST_DIFFERENCE` below that of what they are made from.

    Void is left out of both, which favours labels that are void where it is difficult; labels that
    are void everywhere have no mIoU, and are judged by the rule of void alone.
    """
    found = facts.miou["exclude"]
    for stage, (kind, what, remedy) in COMPARED_STAGES.items():
        before = facts.stages.get(stage)
        if found is None or before is None or before - found <= LEAST_DIFFERENCE:
            continue
        yield {
            "kind": kind,
            "message": f"mIoU {_percent(found)}, below the {_percent(before)} of {what}: {remedy}",
            "miou": found,
            "compared_miou": before,
        }


def _not_better_than_background(facts: LabelFacts) -> Iterator[dict[str, Any]]:
    """Labels that beat all background by `LEAST_DIFFERENCE` or less.

    Void counts as background here, so that both are scored on the same pixels.
    """
    found, nothing = facts.miou["background"], facts.stages.get("all_background")
    if found is None or nothing is None or found - nothing > LEAST_DIFFERENCE:
        return
    yield {
        "kind": "not_better_than_background",
        "message": (
            f"mIoU {_percent(found)} with void as background, where all background has "
            f"{_percent(nothing)}: a stage learnt nothing; look at its log, train longer or with "
            "another learning rate"
        ),
        "miou": found,
        "compared_miou": nothing,
    }


def _mostly_void(facts: LabelFacts) -> Iterator[dict[str, Any]]:
    """Labels that are void on more than `MOST_VOID` of the pixels."""
    void = float(facts.pixels[VOID] / max(1, facts.pixels.sum()))
    if void > MOST_VOID:
        yield {
            "kind": "mostly_void",
            "message": (
                f"{_percent(void)} % of the pixels are void, so that little is left to learn from: "
                "look at the maps and the thresholds that leave pixels void, or train longer"
            ),
            "void_share": void,
        }


def _of_one_class(facts: LabelFacts) -> Iterator[dict[str, Any]]:
    """Labels that have one class almost alone, where others should have their part.

    Of the pixels with a class, more than `MOST_OF_ONE_CLASS` have the same one, and the others
    have less than half of the part that was to be expected (`expected_share`).
    """
    foreground = facts.pixels[1 : len(facts.class_names)]
    if not foreground.sum():
        return
    share = float(foreground.max() / foreground.sum())
    class_id = int(foreground.argmax()) + 1
    expected = expected_share(facts, class_id)
    if expected is None or share <= MOST_OF_ONE_CLASS or 1 - share >= (1 - expected) / 2:
        return
    name = facts.class_names[class_id]
    yield {
        "kind": "one_class",
        "message": (
            f"{_percent(share)} % of the pixels with a class are {name}, of which about "
            f"{_percent(expected)} % was to be expected: a training collapsed; look at its log, "
            "train longer or with another learning rate"
        ),
        "class": name,
        "share": share,
        "expected_share": expected,
    }


def expected_share(facts: LabelFacts, class_id: int) -> float | None:
    """Return the part of the pixels with a class that one class may well have, in [0, 1].

    The larger of two: by the image-level labels, if every image had equally many such pixels and
    its classes shared them equally; and by the ground truth of the scored images, if there is any.
    Where all images have one class alone, it is 1. None where no image has a class.
    """
    labelled = [set(classes) for classes in facts.image_classes if classes]
    if not labelled:
        return None
    by_images = sum(1 / len(classes) for classes in labelled if class_id in classes) / len(labelled)
    objects = facts.true_pixels[1:].sum()
    by_truth = facts.true_pixels[class_id] / objects if objects else 0.0
    return float(max(by_images, by_truth))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
