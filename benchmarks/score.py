"""How fast the per-instance scores are, as ratios of times taken in one run.

    python benchmarks/score.py [--images N] [--samples DIR]

On generated images of 480×640 pixels and, given a folder with `semantic/` and `instances/` (as in a
prepared dataset), on real masks with predictions made by displacing the ground truth:

- arrays: against the reference of the tests, which is written to be obvious, pixel by pixel in
  plain Python; results are compared. On real masks this is done for the first few;
- files: reading and scoring against only decoding the same PNG files, in one process;
- growth: four times the pixels; 200 instances instead of 5, on arrays and from files, both as 200
  small objects (whose outlines are longer: the masks have several times the runs) and as the same
  5 objects cut in pieces; specks of a wrong class; and
- workers: two processes instead of one, the start of the processes included, beside what two
  processes gain that only decode.
"""

import argparse
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import score_workers
from PIL import Image

from smallobjects.metrics import confusion_matrix, instance_ious
from smallobjects.metrics.folders import ImageFiles, MaskValues, score_batch
from smallobjects.metrics.ground_truth import MaskFiles
from smallobjects.metrics.image_scores import image_scores
from smallobjects.metrics.instances import SIZE_LIMITS
from smallobjects.runs import joint_runs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "metrics"))
from reference_scores import instance_rows

HEIGHT, WIDTH, NUM_CLASSES = 480, 640, 81
REPEAT = 7
REFERENCE_IMAGES = 3
WORKER_IMAGES = 6000
WORKER_ROUNDS = 3


def generated(seed, count=7, height=HEIGHT, width=WIDTH):
    """Return a prediction, class mask and instance mask with `count` ellipses of 3 classes."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    classes = rng.integers(1, NUM_CLASSES, 3)
    semantic, instances = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    for k in range(1, count + 1):
        centre = rng.uniform(0, (height, width))
        # Many objects are small objects: together they cover about the same part of the image.
        radius = rng.uniform(0.1, 1, 2) * height * np.sqrt(0.6 / count)
        inside = ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2 < 1
        semantic[inside], instances[inside] = rng.choice(classes), k
    void = (rng.random((height // 8, width // 8)) < 0.01).repeat(8, 0).repeat(8, 1)
    semantic[void], instances[void] = 255, 255
    return predicted(semantic, rng), semantic, instances


def predicted(semantic, rng):
    """Return what a network may predict: displaced, with blocks of another class."""
    height, width = semantic.shape
    prediction = np.where(semantic == 255, 0, semantic).astype(np.uint8)
    prediction = np.roll(prediction, rng.integers(-12, 13, 2), (0, 1))
    classes = np.unique(prediction)
    for _ in range(3):
        y, x = rng.integers(0, height), rng.integers(0, width)
        prediction[y : y + height // 5, x : x + width // 5] = rng.choice(classes)
    return prediction


def speckled(scene, rng):
    """Return the scene with 2 % of the predicted pixels of another class."""
    prediction = scene[0].copy()
    specks = rng.random(prediction.shape) < 0.02
    prediction[specks] = rng.choice(np.unique(prediction), specks.sum())
    return prediction, *scene[1:]


def sampled(folder):
    """Return the scenes of a folder of real masks."""
    rng = np.random.default_rng(0)
    scenes = []
    for path in sorted((folder / "instances").glob("*.png")):
        semantic = np.asarray(Image.open(folder / "semantic" / path.name))
        scenes.append((predicted(semantic, rng), semantic, np.asarray(Image.open(path))))
    if not scenes:
        raise SystemExit(f"{folder / 'instances'}: no PNG files")
    return scenes


def seconds(function):
    """Return the shortest of a few times."""
    times = []
    for _ in range(REPEAT):
        start = perf_counter()
        function()
        times.append(perf_counter() - start)
    return min(times)


def scored(scene):
    return image_scores(*scene, NUM_CLASSES)


def scored_in_two(scene):
    return instance_ious(*scene, NUM_CLASSES), confusion_matrix(*scene[:2], NUM_CLASSES)


def milliseconds(scenes, score=scored):
    """Return the median time of an image."""
    return median(1e3 * seconds(partial(score, scene)) for scene in scenes)


def number_of_runs(scenes):
    return median(len(joint_runs(*scene).start) for scene in scenes)


def compare_with_reference(scenes):
    fast, slow = [], []
    for scene in scenes[:REFERENCE_IMAGES]:
        start = perf_counter()
        expected = instance_rows(*scene, NUM_CLASSES, SIZE_LIMITS)
        slow.append(1e3 * (perf_counter() - start))
        rows = instance_ious(*scene, NUM_CLASSES)
        if [row.tolist() for row in rows] != expected:
            raise SystemExit("the scores differ from those of the reference")
        fast.append(1e3 * seconds(partial(instance_ious, *scene, NUM_CLASSES)))
    line("reference, ms an image (results equal)", median(slow))
    line("reference / ours", median(slow) / median(fast))


def compare_with_decoding(files):
    decoding = seconds(partial(score_workers.decode, files))
    scoring = seconds(lambda: score_batch(MaskValues(NUM_CLASSES), files))
    line("decoding three PNGs, ms an image", 1e3 * decoding / len(files))
    line("decoding and scoring, ms an image", 1e3 * scoring / len(files))
    line("decoding and scoring / decoding", scoring / decoding)


def compare_workers(files):
    many = (files * (WORKER_IMAGES // len(files) + 1))[:WORKER_IMAGES]
    found = score_workers.compare(many, NUM_CLASSES, WORKER_ROUNDS)
    line(f"one process, s for {WORKER_IMAGES} images", found.one)
    line("one process / two processes", found.ratio)
    line("  the same of decoding alone (the bound)", found.bound)
    line("  processor time of two / of one", found.processor)


def written(scenes, folder):
    """Write the scenes as PNG files."""
    files = []
    for number, scene in enumerate(scenes):
        paths = [folder / f"{number}_{part}.png" for part in ("found", "classes", "instances")]
        for path, mask in zip(paths, scene, strict=True):
            image = Image.fromarray(mask)
            if mask.dtype == np.uint8:
                image.putpalette([channel for k in range(256) for channel in (k, 7 * k % 256, k)])
            image.save(path)
        files.append(ImageFiles(paths[0], MaskFiles(*paths[1:])))
    return files


def cut(scene, pieces=200):
    """Return the scene with its instances cut along the rows, into about `pieces` in all."""
    instances = scene[2].astype(np.int64)
    inside = (instances > 0) & (instances != 255)
    band = np.arange(HEIGHT)[:, None] * pieces // (5 * HEIGHT)
    renamed = 256 + instances * pieces + band
    return *scene[:2], np.where(inside, renamed, instances).astype(np.uint16)


def from_files(scenes):
    """Return the time of reading and scoring the scenes from files."""
    with tempfile.TemporaryDirectory() as folder:
        files = written(scenes, Path(folder))
        return seconds(lambda: score_batch(MaskValues(NUM_CLASSES), files))


def line(title, value):
    print(f"  {title:42} {value:9.2f}", flush=True)


def report(title, scenes):
    print(f"{title}: {len(scenes)} images")
    line("arrays, ms an image", milliseconds(scenes))
    rng = np.random.default_rng(0)
    rough = [speckled(scene, rng) for scene in scenes]
    line("with 2 % specks, ms an image", milliseconds(rough))
    compare_with_reference(scenes)
    with tempfile.TemporaryDirectory() as folder:
        files = written(scenes, Path(folder))
        compare_with_decoding(files)
        if len(os.sched_getaffinity(0)) > 1:
            compare_workers(files)


def growth(seeds):
    few, many = ([generated(seed, count) for seed in seeds] for count in (5, 200))
    line("200 instances / 5 instances", milliseconds(many) / milliseconds(few))
    two_passes = (milliseconds(scenes, scored_in_two) for scenes in (many, few))
    line("  one function after the other", next(two_passes) / next(two_passes))
    line("  the runs of their masks", number_of_runs(many) / number_of_runs(few))
    line("  from files", from_files(many) / from_files(few))
    whole = milliseconds(few)
    line("5 instances in 200 pieces / whole", milliseconds(map(cut, few)) / whole)
    normal = milliseconds([generated(seed) for seed in seeds])
    wide = [generated(seed, height=2 * HEIGHT, width=2 * WIDTH) for seed in seeds]
    line("four times the pixels / once", milliseconds(wide) / normal)


def main():
    parser = argparse.ArgumentParser(description="Time the per-instance scores.")
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--samples", type=Path)
    options = parser.parse_args()
    seeds = range(options.images)
    report("generated, 480×640", [generated(seed) for seed in seeds])
    growth(seeds)
    if options.samples:
        report(f"samples of {options.samples}", sampled(options.samples))


if __name__ == "__main__":
    main()
