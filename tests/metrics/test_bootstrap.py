"""Intervals from resampled images, against a loop that scores each resample anew."""

import json
import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import LIMITS, NUM_CLASSES, scenes

from smallobjects.metrics import confusion_matrix, instance_ious
from smallobjects.metrics.areas import areas_table, class_areas
from smallobjects.metrics.bootstrap import (
    Bootstrap,
    check_same_images,
    mean_scores,
    paired_difference,
    resampled_counts,
    resampled_scores,
    uncertainty,
)
from smallobjects.metrics.folders import rows_table
from smallobjects.metrics.image_sums import image_sums, scores_of
from smallobjects.metrics.summary import summarize_images

OVERALL = [
    "miou", "ia_miou", "ia_miou_foreground", "ia_s", "ia_m", "ia_l", "miou_i", "miou_c"
]  # fmt: skip


def tables(images):
    names = [f"image {k}" for k in range(len(images))]
    rows = [instance_ious(*scene, NUM_CLASSES, size_limits=LIMITS) for scene in images]
    areas = [class_areas(confusion_matrix(s[0], s[1], NUM_CLASSES)) for s in images]
    return rows_table(rows, names), areas_table(areas, names)


def random_tables(images=60, classes=5, seed=0, quality=0.5):
    """Tables of made-up scores; the difficulty of an image is its own, whatever the quality."""
    difficulty = np.random.default_rng(99).random(images)
    rng = np.random.default_rng(seed)
    rows, areas = [], []
    for k in range(images):
        image = f"{k:04}"
        for c in range(classes):
            if c and rng.random() < 0.6:
                continue
            truth = int(rng.integers(10, 99))
            share = np.clip(quality + 0.6 * (difficulty[k] - 0.5) + 0.1 * rng.normal(), 0, 1)
            size = rng.choice(["small", "medium", "large"]) if c else None
            rows.append((image, c, size, share))
            areas.append((image, c, int(truth * share), truth + 7, truth))
    return (
        pd.DataFrame(rows, columns=["image", "class_id", "size", "iou"]),
        pd.DataFrame(
            areas, columns=["image", "class_id", "intersection", "prediction_area", "truth_area"]
        ),
    )


def summary_of_draw(rows, areas, counts, num_classes):
    """Score a dataset in which each image is there as often as it was drawn."""
    images = np.unique(areas["image"])
    copies = [
        [
            table[table["image"] == image].assign(image=f"{image} copy {k}")
            for image, count in zip(images, counts, strict=True)
            for k in range(int(count))
        ]
        for table in (rows, areas)
    ]
    return summarize_images(*map(pd.concat, copies), num_classes)


def number(value):
    return np.nan if value is None else value


@settings(max_examples=60, deadline=None)
@given(st.lists(scenes(), min_size=1, max_size=4))
def test_sums_of_all_images_give_the_summary(images):
    rows, areas = tables(images)
    expected = summarize_images(rows, areas, NUM_CLASSES)
    sums = image_sums(rows, areas, NUM_CLASSES)
    assert len(sums.images) == len(images)
    found = scores_of(sums.columns.sum(axis=0)[None], NUM_CLASSES)
    assert list(found.overall) == OVERALL
    for key, values in found.overall.items():
        assert values[0] == pytest.approx(number(expected[key]), abs=1e-12, nan_ok=True)
    for key, values in found.per_class.items():
        reference = [number(entry[key]) for entry in expected["per_class"]]
        assert values[0].tolist() == pytest.approx(reference, abs=1e-12, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(st.lists(scenes(), min_size=1, max_size=5), st.integers(0, 9))
def test_resamples_agree_with_a_loop(images, seed):
    rows, areas = tables(images)
    bootstrap = Bootstrap(resamples=5, seed=seed)
    found = resampled_scores(image_sums(rows, areas, NUM_CLASSES), bootstrap)
    draws = np.concatenate(list(resampled_counts(len(images), bootstrap)))
    for number_of_draw, counts in enumerate(draws):
        expected = summary_of_draw(rows, areas, counts, NUM_CLASSES)
        for key, values in found.overall.items():
            reference = number(expected[key])
            assert values[number_of_draw] == pytest.approx(reference, abs=1e-12, nan_ok=True)
        for key, values in found.per_class.items():
            reference = [number(entry[key]) for entry in expected["per_class"]]
            got = values[number_of_draw].tolist()
            assert got == pytest.approx(reference, abs=1e-12, nan_ok=True)


def test_intervals_are_quantiles_of_the_loop():
    rows, areas = random_tables(12)
    bootstrap = Bootstrap(resamples=40, seed=3, level=0.8)
    found = uncertainty(rows, areas, 5, bootstrap)
    assert found["bootstrap"] == {"resamples": 40, "seed": 3, "level": 0.8}
    draws = [
        summary_of_draw(rows, areas, counts, 5)
        for chunk in resampled_counts(12, bootstrap)
        for counts in chunk
    ]
    assert list(found["intervals"]) == [*OVERALL, "per_class"]
    for key in OVERALL:
        ends = np.nanquantile([number(draw[key]) for draw in draws], [0.1, 0.9])
        assert found["intervals"][key] == pytest.approx(ends.tolist(), abs=1e-12)
    entry = found["intervals"]["per_class"][2]
    ends = np.nanquantile([number(draw["per_class"][2]["ia_iou"]) for draw in draws], [0.1, 0.9])
    assert entry["class_id"] == 2
    assert entry["ia_iou"] == pytest.approx(ends.tolist(), abs=1e-12)


def test_draws_are_seeded_and_whole():
    first, again = (
        np.concatenate(list(resampled_counts(50, Bootstrap(70, seed=1)))) for _ in range(2)
    )
    assert first.shape == (70, 50)
    assert np.array_equal(first, again)
    assert (first.sum(axis=1) == 50).all()
    other = np.concatenate(list(resampled_counts(50, Bootstrap(70, seed=2))))
    assert not np.array_equal(first, other)
    # The first resamples do not depend on how many follow.
    fewer = np.concatenate(list(resampled_counts(50, Bootstrap(33, seed=1))))
    assert np.array_equal(first[:33], fewer)


def test_the_order_of_images_does_not_matter():
    rows, areas = random_tables(30)
    expected = uncertainty(rows, areas, 5, Bootstrap(100))
    shuffled = [table.sample(frac=1, random_state=0) for table in (rows, areas)]
    found = uncertainty(*shuffled, 5, Bootstrap(100))
    for key in OVERALL:
        assert found["intervals"][key] == pytest.approx(expected["intervals"][key], abs=1e-12)


def test_width_is_that_of_the_normal_approximation():
    """The mean of one score per image: the interval is about ±1.96 standard errors."""
    ious = np.random.default_rng(5).random(400)
    images = [f"{k}" for k in range(400)]
    rows = pd.DataFrame({"image": images, "class_id": 1, "size": "small", "iou": ious})
    areas = pd.DataFrame(
        {"image": images, "class_id": 1, "intersection": 1, "prediction_area": 1, "truth_area": 1}
    )
    found = uncertainty(rows, areas, 2, Bootstrap(4000))["intervals"]["ia_s"]
    error = ious.std() / 20
    expected = [ious.mean() - 1.96 * error, ious.mean() + 1.96 * error]
    assert found == pytest.approx(expected, abs=0.15 * error)


def test_intervals_cover_as_often_as_they_say():
    """Of test sets drawn from one population, about 90 % have intervals that hold its score."""
    ious = np.random.default_rng(8).beta(2, 1, 20000)
    hits = 0
    for trial in range(200):
        drawn = np.random.default_rng(trial).choice(ious, 80)
        images = [f"{k}" for k in range(80)]
        rows = pd.DataFrame({"image": images, "class_id": 1, "size": "large", "iou": drawn})
        areas = pd.DataFrame({"image": images, "class_id": 1}).assign(
            intersection=1, prediction_area=1, truth_area=1
        )
        sums = image_sums(rows, areas, 2)
        values = resampled_scores(sums, Bootstrap(200, seed=trial, level=0.9)).overall["ia_l"]
        low, high = np.quantile(values, [0.05, 0.95])
        hits += low <= ious.mean() <= high
    # The standard deviation of the count is 4.2 around 180, and percentile intervals are a bit
    # narrow for few images.
    assert 165 <= hits <= 194


def test_scores_without_any_instance_have_no_interval():
    rows, areas = random_tables(10)
    rows = rows[rows["size"] != "large"]
    found = uncertainty(rows, areas, 6, Bootstrap(20))
    assert found["intervals"]["ia_l"] is None
    assert found["intervals"]["per_class"][5] == {
        "class_id": 5, "iou": None, "ia_iou": None, "ia_s": None, "ia_m": None, "ia_l": None
    }  # fmt: skip
    json.dumps(found, allow_nan=False)


def test_a_class_in_a_single_image_has_no_interval():
    rows, areas = random_tables(20)
    first = (rows["class_id"] == 3) & ~rows["image"].isin(["0000", "0001", "0002"])
    kept = rows[~first]
    images = kept.loc[kept["class_id"] == 3].groupby("size")["image"].nunique()
    found = uncertainty(kept, areas, 5, Bootstrap(50))["intervals"]["per_class"][3]
    for size, key in (("small", "ia_s"), ("medium", "ia_m"), ("large", "ia_l")):
        assert (found[key] is None) == (images.get(size, 0) < 2)
    assert None in [found[key] for key in ("ia_s", "ia_m", "ia_l")]
    assert found["iou"] is not None
    # Two sizes in one image are one image.
    alone = pd.DataFrame(
        {"image": "0000", "class_id": 4, "size": ["small", "large"], "iou": [0.1, 0.9]}
    )
    kept = pd.concat([rows[rows["class_id"] != 4], alone])
    assert uncertainty(kept, areas, 5, Bootstrap(50))["intervals"]["per_class"][4]["ia_iou"] is None


def test_a_model_differs_from_itself_by_nothing():
    sums = image_sums(*random_tables(), 5)
    found = paired_difference(sums, sums, Bootstrap(50))
    assert list(found) == OVERALL
    assert all(ends == [0, 0] for ends in found.values())


def test_pairs_agree_with_a_loop():
    first, second = random_tables(10, seed=1), random_tables(10, seed=1, quality=0.7)
    bootstrap = Bootstrap(30, seed=4, level=0.9)
    found = paired_difference(*(image_sums(*pair, 5) for pair in (first, second)), bootstrap)
    gains = {key: [] for key in OVERALL}
    for counts in np.concatenate(list(resampled_counts(10, bootstrap))):
        before, after = (summary_of_draw(*pair, counts, 5) for pair in (first, second))
        for key in OVERALL:
            gains[key].append(number(after[key]) - number(before[key]))
    for key in OVERALL:
        ends = np.nanquantile(gains[key], [0.05, 0.95]).tolist()
        assert found[key] == pytest.approx(ends, abs=1e-12)


def test_pairs_are_narrower_than_two_intervals():
    first, second = (image_sums(*random_tables(200, seed=1, quality=q), 5) for q in (0.45, 0.55))
    low, high = paired_difference(first, second, Bootstrap(300))["ia_miou"]
    assert 0 < low < high
    alone = [
        np.ptp(
            np.quantile(resampled_scores(sums, Bootstrap(300)).overall["ia_miou"], [0.025, 0.975])
        )
        for sums in (first, second)
    ]
    assert high - low < min(alone) / 2


def test_mean_over_seeds_is_the_mean_in_every_resample():
    runs = [image_sums(*random_tables(20, seed=1, quality=q), 5) for q in (0.4, 0.6)]
    alone = [resampled_scores(sums, Bootstrap(40)).overall["miou"] for sums in runs]
    assert mean_scores(runs, Bootstrap(40))["miou"] == pytest.approx(np.mean(alone, axis=0))


def test_refuses_to_compare_different_images():
    rows, areas = random_tables(10)
    fewer = [table[table["image"] != "0003"] for table in (rows, areas)]
    whole, part = image_sums(rows, areas, 5), image_sums(*fewer, 5)
    with pytest.raises(ValueError, match="'0003' is only among the images of the first"):
        paired_difference(whole, part, Bootstrap(2))
    with pytest.raises(ValueError, match="'0003' is only among the images of the second"):
        mean_scores([part, whole], Bootstrap(2))
    with pytest.raises(ValueError, match="5 and with 6 classes"):
        check_same_images(whole, image_sums(rows, areas, 6))


def test_refuses_tables_that_do_not_belong_together():
    rows, areas = random_tables(10)
    with pytest.raises(ValueError, match="'0003' has instances but no areas"):
        image_sums(rows, areas[areas["image"] != "0003"], 5)
    with pytest.raises(ValueError, match="rows of class 4"):
        image_sums(rows, areas, 4)
    with pytest.raises(ValueError, match="at least 1"):
        Bootstrap(0)
    with pytest.raises(ValueError, match="level 95"):
        Bootstrap(level=95)


def test_many_images_in_bounded_memory_and_time():
    """40,000 images at once would be 320 MB for the counts alone."""
    rng = np.random.default_rng(0)
    images = np.char.mod("%05d", np.arange(40000)).astype(object)
    rows = pd.DataFrame({"image": np.repeat(images, 2)}).assign(
        class_id=rng.integers(0, 81, 80000),
        size=rng.choice(["small", "medium", "large"], 80000),
        iou=rng.random(80000),
    )
    areas = pd.DataFrame({"image": np.repeat(images, 2)}).assign(
        class_id=rng.integers(0, 81, 80000), intersection=3, prediction_area=9, truth_area=8
    )
    tracemalloc.start()
    started = time.process_time()
    uncertainty(rows, areas, 81, Bootstrap())
    seconds, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    assert seconds < 30
