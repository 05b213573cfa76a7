"""A few of many images, balanced over classes by their image-level labels."""

from collections import Counter, deque
from collections.abc import Collection, Mapping

import numpy as np


def balanced_choice(labels: Mapping[str, Collection[int]], limit: int, seed: int) -> set[str]:
    """Return `limit` of the images, chosen so that the classes are shown by equally many.

    The images are put in a random order. Then, time after time, the next one is taken that shows
    the class which the fewest images taken so far show, of those classes that still have images (of
    several, the one with the lowest number). An image counts for all classes that it shows. Images
    without a class are taken last. So a smaller choice is part of a larger one, and the result does
    not depend on the order in which the images are given.

    Args:
        labels: the classes that each image shows.
        limit: how many images to take; all of them if there are fewer.
        seed: of the random order.
    """
    ids = sorted(labels)
    order = [ids[index] for index in np.random.default_rng(seed).permutation(len(ids))]
    waiting: dict[int, deque[str]] = {}
    for image_id in order:
        for class_id in set(labels[image_id]):
            waiting.setdefault(class_id, deque()).append(image_id)
    taken: set[str] = set()
    shown: Counter[int] = Counter()
    while waiting and len(taken) < limit:
        class_id = min(waiting, key=lambda each: (shown[each], each))
        image_id = waiting[class_id].popleft()
        if not waiting[class_id]:
            del waiting[class_id]
        if image_id not in taken:
            taken.add(image_id)
            shown.update(set(labels[image_id]))
    unlabelled = [image_id for image_id in order if not labels[image_id]]
    return taken | set(unlabelled[: max(0, limit - len(taken))])
