"""The images on which thresholds are chosen: never any that is scored."""

import random
from collections.abc import Sequence

from smallobjects.datasets.prepared import PreparedDataset
from smallobjects.pseudo_labels.errors import BadInputError


def tuning_images(
    dataset: PreparedDataset,
    split: str,
    scored: Sequence[str],
    *,
    leave_out_scored: bool,
    limit: int,
    seed: int,
) -> list[str]:
    """Return the images of a split on which thresholds may be chosen, in the order of the split.

    Args:
        dataset: the prepared dataset.
        split: whose images are taken.
        scored: splits on which labels or models are scored.
        leave_out_scored: take the images of `split` that no scored split has, where some have.
        limit: draw this many at random, if there are more.
        seed: of the drawing.

    Raises:
        BadInputError: the split has images that are scored, or none is left.
        FileNotFoundError: there is no such split.
    """
    image_ids = dataset.split(split)
    place = dataset.root / "splits" / f"{split}.txt"
    for other in scored:
        taken = set(dataset.split(other))
        free = [image_id for image_id in image_ids if image_id not in taken]
        if len(free) < len(image_ids) and not leave_out_scored:
            shared = next(image_id for image_id in image_ids if image_id in taken)
            raise BadInputError(
                f"{place}: image {shared} is in the scored split {other!r} too "
                f"({len(image_ids) - len(free)} such images), and thresholds that are chosen on "
                "scored images flatter their scores; take another split, or leave these images "
                "out with --leave-out-scored"
            )
        image_ids = free
    if not image_ids:
        raise BadInputError(
            f"{place}: every image is in one of the scored splits {', '.join(scored)}; take a "
            "split that has others"
        )
    if len(image_ids) <= limit:
        return image_ids
    drawn = set(random.Random(seed).sample(image_ids, limit))
    return [image_id for image_id in image_ids if image_id in drawn]
