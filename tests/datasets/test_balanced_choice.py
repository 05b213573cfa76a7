"""A balanced choice of images, beside the same written out image by image."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.datasets.splits.balanced_choice import balanced_choice

LABELS = st.lists(st.frozensets(st.integers(1, 5), max_size=3), max_size=25).map(
    lambda sets: {f"image{number}": classes for number, classes in enumerate(sets)}
)


def one_by_one(labels, limit, seed):
    """The same, with everything counted anew for each image."""
    ids = sorted(labels)
    order = [ids[k] for k in np.random.default_rng(seed).permutation(len(ids))]
    taken = []
    while len(taken) < min(limit, len(order)):
        left = [image for image in order if image not in taken]
        shown = Counter(c for image in taken for c in labels[image])
        classes = {c for image in left for c in labels[image]}
        if classes:
            rarest = min(classes, key=lambda c: (shown[c], c))
            left = [image for image in left if rarest in labels[image]]
        taken.append(left[0])
    return set(taken)


@given(LABELS, st.integers(1, 30), st.integers(0, 3))
def test_choice(labels, limit, seed):
    assert balanced_choice(labels, limit, seed) == one_by_one(labels, limit, seed)


@given(LABELS, st.integers(1, 30), st.randoms())
def test_neither_order_nor_repetition_of_labels_matters(labels, limit, random):
    shuffled = list(labels.items())
    random.shuffle(shuffled)
    again = {image: [*classes, *classes] for image, classes in shuffled}
    assert balanced_choice(again, limit, 0) == balanced_choice(labels, limit, 0)


@given(LABELS, st.integers(1, 30))
def test_a_smaller_choice_is_part_of_a_larger_one(labels, limit):
    smaller, larger = (balanced_choice(labels, size, 0) for size in (limit, limit + 1))
    assert smaller <= larger
    assert len(smaller) == min(limit, len(labels))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=40), st.integers(1, 40))
def test_images_of_one_class_are_shared_out_evenly(classes, limit):
    """No class has two images fewer than another, unless all of its images are taken."""
    labels = {f"image{number}": [class_id] for number, class_id in enumerate(classes)}
    shown = Counter(classes[int(image[5:])] for image in balanced_choice(labels, limit, 0))
    for class_id, there in Counter(classes).items():
        assert shown[class_id] == there or shown[class_id] >= max(shown.values()) - 1


def test_a_class_of_many_images_does_not_crowd_out_the_others():
    labels = {f"person{number:03}": [15] for number in range(900)}
    labels |= {f"sheep{number}": [17, 15] for number in range(3)}
    taken = balanced_choice(labels, 10, 0)
    assert sum(image.startswith("sheep") for image in taken) == 3
    assert taken != balanced_choice(labels, 10, 1)
