"""Pairs of images that share a class, drawn anew in each pass over the images.

The list that EDAM's authors trained on is not described beyond this; how pairs are drawn is ours.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from smallobjects.pseudo_labels.errors import BadInputError


class ImagePair(NamedTuple):
    """Two images and a class that both show."""

    first: str
    second: str
    class_id: int


def draw_pairs(
    image_ids: Sequence[str],
    image_classes: Mapping[str, tuple[int, ...]],
    generator: np.random.Generator,
) -> list[ImagePair]:
    """Pair the images of one pass; every image that has a class is in one pair or more.

    In random order, an image that is not yet in a pair gets one of its classes, and a partner of
    that class, at random: an image that is not in a pair either, as long as one of its classes has
    such an image; otherwise any other image of the class; itself if it is the only one of all its
    classes, as two views of it are another pair each time.

    Args:
        image_ids: the images; those without a class are passed over.
        image_classes: the class ids of each image that has any.
        generator: the only source of randomness.

    Returns:
        Pairs in random order; at least half as many as images with a class.
    """
    images = [image for image in image_ids if image_classes.get(image)]
    members: dict[int, list[str]] = {}
    for image in images:
        for class_id in image_classes[image]:
            members.setdefault(class_id, []).append(image)
    waiting = {class_id: _Waiting(found) for class_id, found in members.items()}
    paired: set[str] = set()
    pairs = []
    for index in generator.permutation(len(images)):
        image = images[index]
        if image in paired:
            continue
        _leave(image, image_classes, waiting)
        classes = image_classes[image]
        open_classes = [c for c in classes if len(waiting[c])]
        if open_classes:
            class_id = open_classes[generator.integers(len(open_classes))]
            partner = waiting[class_id].draw(generator)
            _leave(partner, image_classes, waiting)
            paired.add(partner)
        else:
            class_id, partner = _any_partner(image, classes, members, generator)
        paired.add(image)
        pairs.append(ImagePair(image, partner, class_id))
    return [pairs[index] for index in generator.permutation(len(pairs))]


class _Waiting:
    """The images of a class that are in no pair yet; removal and a random draw take one step."""

    def __init__(self, images: list[str]) -> None:
        self._images = list(images)
        self._places = {image: place for place, image in enumerate(images)}

    def __len__(self) -> int:
        return len(self._images)

    def draw(self, generator: np.random.Generator) -> str:
        return self._images[generator.integers(len(self._images))]

    def remove(self, image: str) -> None:
        place, last = self._places.pop(image), self._images.pop()
        if last != image:
            self._images[place] = last
            self._places[last] = place


def _leave(
    image: str, image_classes: Mapping[str, tuple[int, ...]], waiting: dict[int, _Waiting]
) -> None:
    for class_id in image_classes[image]:
        waiting[class_id].remove(image)


def _any_partner(
    image: str,
    classes: tuple[int, ...],
    members: dict[int, list[str]],
    generator: np.random.Generator,
) -> tuple[int, str]:
    """Return a class of an image and another image of it, or the image itself."""
    shared = [class_id for class_id in classes if len(members[class_id]) > 1]
    if not shared:
        return classes[generator.integers(len(classes))], image
    class_id = shared[generator.integers(len(shared))]
    others = [other for other in members[class_id] if other != image]
    return class_id, others[generator.integers(len(others))]


def pairs_of_passes(
    image_ids: Sequence[str],
    image_classes: Mapping[str, tuple[int, ...]],
    passes: int,
    seed: int,
) -> list[ImagePair]:
    """Return the pairs of all passes of a training, pass after pass.

    Raises:
        BadInputError: no image has a class.
    """
    pairs = [
        pair
        for number in range(passes)
        for pair in draw_pairs(image_ids, image_classes, np.random.default_rng([seed, 0, number]))
    ]
    if not pairs:
        raise BadInputError("none of the images has a class, so there is nothing to pair")
    return pairs


def judged_classes(
    present: Sequence[int],
    shared: int,
    num_classes: int,
    count: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return the classes that are judged of a pair.

    Those that are present in either image, filled up with others at random; if more are present
    than are judged, the shared one and others of them at random.

    Args:
        present: class ids of both images.
        shared: a class of both.
        num_classes: C, without the background.
        count: how many to judge; at most C.
        generator: draws the rest.

    Returns:
        `count` different class ids, ascending, int64.
    """
    rest = sorted(set(present) - {shared})
    absent = sorted(set(range(1, num_classes + 1)) - {shared, *rest})
    order = [*generator.permutation(rest), *generator.permutation(absent)]
    return np.sort(np.array([shared, *order[: count - 1]], dtype=np.int64))
