"""Milliseconds per image of the per-instance scores, beside the pixel-by-pixel reference.

    python benchmarks/instance_scores.py [images]

Both score the same generated maps of 480×640 pixels in one run, on one core. The reference is that
of the tests: written to be obvious, in plain Python, so the ratio says nothing about other
implementations.
"""

import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from smallobjects.metrics import confusion_matrix, instance_ious
from smallobjects.metrics.instances import SIZE_LIMITS

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "metrics"))
from reference_scores import instance_rows

HEIGHT, WIDTH, NUM_CLASSES = 480, 640, 81


def generated(seed):
    """Return a prediction, class mask and instance mask with about seven ellipses of 3 classes."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    classes = rng.integers(1, NUM_CLASSES, 3)
    semantic, instances = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint16)
    for k in range(1, rng.integers(5, 10)):
        centre, radius = rng.uniform(0, (HEIGHT, WIDTH)), rng.uniform(8, 150, 2)
        inside = ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2 < 1
        semantic[inside], instances[inside] = rng.choice(classes), k
    void = rng.random((HEIGHT // 8, WIDTH // 8)).repeat(8, 0).repeat(8, 1) < 0.01
    semantic[void], instances[void] = 255, 255
    prediction = np.roll(np.where(void, 0, semantic), rng.integers(-12, 13, 2), (0, 1))
    specks = rng.random((HEIGHT // 4, WIDTH // 4)).repeat(4, 0).repeat(4, 1) < 0.005
    prediction[specks] = rng.choice(classes)
    return prediction, semantic, instances


def timed(function, *arguments, repeat=1):
    """Return the shortest of `repeat` times, in milliseconds, and the result."""
    times = []
    for _ in range(repeat):
        start = perf_counter()
        result = function(*arguments)
        times.append(1e3 * (perf_counter() - start))
    return min(times), result


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    fast, slow, matrix = [], [], []
    for seed in range(count):
        scene = generated(seed)
        milliseconds, rows = timed(instance_ious, *scene, NUM_CLASSES, repeat=5)
        fast.append(milliseconds)
        milliseconds, expected = timed(instance_rows, *scene, NUM_CLASSES, SIZE_LIMITS)
        slow.append(milliseconds)
        milliseconds, _ = timed(confusion_matrix, *scene[:2], NUM_CLASSES, repeat=5)
        matrix.append(milliseconds)
        if [row.tolist() for row in rows] != expected:
            raise SystemExit(f"seed {seed}: the two disagree")
    print(f"{count} images of {HEIGHT}×{WIDTH}, medians in milliseconds, results equal")
    print(f"instance_ious     {median(fast):9.2f}")
    print(f"reference         {median(slow):9.2f}")
    print(f"ratio             {median(slow) / median(fast):9.0f}")
    print(f"confusion_matrix  {median(matrix):9.2f}")


if __name__ == "__main__":
    main()
