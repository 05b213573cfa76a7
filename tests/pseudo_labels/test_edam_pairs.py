"""Pairs of images and the classes judged of them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_settings import published

from smallobjects.pseudo_labels.edam.pairs import (
    ImagePair,
    draw_pairs,
    judged_classes,
    pairs_of_passes,
)
from smallobjects.pseudo_labels.edam.samples import PairSequence
from smallobjects.pseudo_labels.errors import BadInputError

labels = st.lists(st.sets(st.integers(1, 6), max_size=3), max_size=14)


def slow_pairs(ids, shown, generator):
    """The same draws, by searching the list of all images at every step."""
    images = [image for image in ids if image in shown]
    waiting = {c: [i for i in images if c in shown[i]] for c in range(1, 7)}
    free, pairs = set(images), []

    def take(image):
        free.discard(image)
        for class_id in shown[image]:
            members = waiting[class_id]
            members[members.index(image)] = members[-1]
            members.pop()

    for image in [images[index] for index in generator.permutation(len(images))]:
        if image not in free:
            continue
        take(image)
        assert all({*waiting[c]} == {i for i in free if c in shown[i]} for c in waiting)
        classes = [c for c in shown[image] if any(c in shown[other] for other in free)]
        if classes:
            class_id = classes[generator.integers(len(classes))]
            partner = waiting[class_id][generator.integers(len(waiting[class_id]))]
            take(partner)
        else:
            others = {c: [i for i in images if c in shown[i] and i != image] for c in shown[image]}
            classes = [c for c in others if others[c]]
            class_id = (classes or shown[image])[generator.integers(len(classes or shown[image]))]
            found = others[class_id]
            partner = found[generator.integers(len(found))] if classes else image
        pairs.append(ImagePair(image, partner, class_id))
    return [pairs[index] for index in generator.permutation(len(pairs))]


@given(labels, st.integers(0, 5))
def test_pairs_share_a_class_and_leave_nobody_out(classes, seed):
    shown = {f"image {n}": tuple(sorted(ids)) for n, ids in enumerate(classes) if ids}
    ids = [f"image {n}" for n in range(len(classes))]
    pairs = draw_pairs(ids, shown, np.random.default_rng(seed))
    for first, second, class_id in pairs:
        assert class_id in shown[first]
        assert class_id in shown[second]
    assert {image for pair in pairs for image in pair[:2]} == set(shown)
    first_ones = [pair.first for pair in pairs]
    assert len(set(first_ones)) == len(first_ones)
    for pair in pairs:
        alone = all(
            not set(shown[pair.first]) & set(shown[other]) for other in shown if other != pair.first
        )
        assert (pair.first == pair.second) == alone
    assert pairs == slow_pairs(ids, shown, np.random.default_rng(seed))


def test_an_even_class_is_paired_without_repetition_and_evenly():
    """Four images of one class: three ways to pair them, each as likely as the others."""
    ids = list("abcd")
    shown = dict.fromkeys(ids, (1,))
    generator = np.random.default_rng(7)
    ways = Counter()
    for _ in range(3000):
        pairs = draw_pairs(ids, shown, generator)
        assert len(pairs) == 2
        ways[frozenset(frozenset(pair[:2]) for pair in pairs)] += 1
    assert len(ways) == 3
    assert max(ways.values()) - min(ways.values()) < 200, "five standard deviations"


def test_a_partner_comes_from_any_of_the_classes():
    shown = {"both": (1, 2), "one": (1,), "two": (2,)}
    generator = np.random.default_rng(1)
    found = Counter(
        pair
        for _ in range(400)
        for pair in draw_pairs(list(shown), shown, generator)
        if pair.first == "both"
    )
    assert set(found) == {ImagePair("both", "one", 1), ImagePair("both", "two", 2)}


def test_passes_differ_and_follow_the_seed():
    ids = [f"{n}" for n in range(40)]
    shown = {image: (1 + n % 3,) for n, image in enumerate(ids)}
    pairs = pairs_of_passes(ids, shown, 3, seed=5)
    passes = [pairs[start : start + 21] for start in (0, 21, 42)]
    assert len(pairs) == 63, "14, 13 and 13 images of a class make 7, 7 and 7 pairs"
    assert passes[0] != passes[1] != passes[2]
    assert pairs_of_passes(ids, shown, 3, seed=5) == pairs
    assert pairs_of_passes(ids, shown, 1, seed=5) == passes[0]
    assert pairs_of_passes(ids, shown, 3, seed=6) != pairs


def test_images_without_classes_cannot_be_paired(eighty):
    with pytest.raises(BadInputError, match="none of the images has a class"):
        PairSequence(eighty, ["empty"], published("edam.edam"), seed=0)


@given(st.sets(st.integers(1, 20), min_size=1, max_size=8), st.integers(1, 20), st.integers(0, 9))
def test_judged_classes_are_those_present_then_others(present, count, seed):
    present = sorted(present)
    shared = present[seed % len(present)]
    generator = np.random.default_rng(seed)
    judged = judged_classes(present * 2, shared, 20, count, generator)
    assert judged.dtype == np.int64
    assert judged.tolist() == sorted(set(judged.tolist()))
    assert len(judged) == count
    assert 1 <= judged.min() <= judged.max() <= 20
    assert shared in judged
    if count >= len(present):
        assert set(present) <= set(judged.tolist())
    else:
        assert set(judged.tolist()) <= set(present)


def test_all_classes_are_judged_where_nothing_else_is_said(squares, eighty):
    for dataset, count, expected in ((squares, None, 3), (eighty, 20, 20), (squares, 20, 3)):
        settings = published(
            "edam.edam", crop_size=24, resize_long_side=(24, 40), classes_per_pair=count
        )
        samples = PairSequence(dataset, dataset.split("train"), settings, seed=3)
        images, classes, targets = samples[0]
        assert images.shape == (2, 3, 24, 24)
        assert images.dtype == np.float32
        assert len(classes) == expected
        assert targets.shape == (2, expected)


def test_samples_are_functions_of_their_place(squares):
    settings = published(
        "edam.edam", crop_size=24, resize_long_side=(24, 40), passes=2, batch_size=3
    )
    ids = squares.split("train")
    samples = PairSequence(squares, ids, settings, seed=3)
    pairs = pairs_of_passes(ids, squares.image_classes, 2, 3)
    assert len(samples) == len(pairs)
    backward = [samples[position] for position in reversed(range(len(samples)))]
    others = PairSequence(squares, ids, settings, seed=4)
    changed = 0
    for position, (images, classes, targets) in enumerate(reversed(backward)):
        again = samples[position]
        assert all(
            np.array_equal(a, b) for a, b in zip(again, (images, classes, targets), strict=True)
        )
        for image_id, target in zip(pairs[position][:2], targets, strict=True):
            shown = [c for c, value in zip(classes, target, strict=True) if value]
            assert tuple(shown) == squares.image_classes[image_id]
        changed += not np.array_equal(others[position][0], images)
    assert changed
    few = PairSequence(squares, ids[:2], settings.model_copy(update={"batch_size": 16}), seed=3)
    assert len(few) == 16, "a list shorter than a batch is repeated"
