"""Time the balanced selection on candidates of the paper's number.

    python benchmarks/selection.py [--candidates 15000] [--seeds 8]

For each seed, candidates with long-tailed classes and sizes are drawn and PASCAL-B's 1,137 images
are selected. Printed are the instances too many or too few, the bound that no selection can
undercut, how far above it they are, the shares of small, medium and large, and the seconds.
"""

import argparse
import time

import numpy as np

from smallobjects.datasets.layouts.lvis.parameters import SelectionParameters
from smallobjects.datasets.pascal_b.balanced_selection import balanced_targets, select_balanced

CLASSES, SIZES = 20, 3


def long_tailed(images: int, seed: int) -> np.ndarray:
    """Draw instances per image, class and size: images × 20 × 3.

    Classes are as frequent as 1/rank; most images show one class and few instances of it, one in
    ten a crowd of it; every class has sizes of its own, and some hardly ever a small one.
    """
    rng = np.random.default_rng(seed)
    chances = rng.permutation(1 / np.arange(1, CLASSES + 1) ** 1.1)
    sizes = rng.dirichlet([2.2, 1.6, 1.2], CLASSES)
    sizes[rng.choice(CLASSES, 3, replace=False)] = [0.02, 0.28, 0.70]
    counts = np.zeros((images, CLASSES, SIZES), np.int64)
    for image in counts:
        several = rng.choice([1, 2, 3, 4], p=[0.5, 0.3, 0.15, 0.05])
        for class_id in set(rng.choice(CLASSES, several, p=chances / chances.sum())):
            crowded = rng.random() < 0.1
            instances = 5 + rng.geometric(0.08) if crowded else rng.geometric(0.35)
            image[class_id] = rng.multinomial(min(instances, 60), sizes[class_id])
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--candidates", type=int, default=15000)
    parser.add_argument("--seeds", type=int, default=8)
    arguments = parser.parse_args()
    parameters = SelectionParameters()
    print("seed  off  bound   above  instances  small medium large   seconds")
    for seed in range(arguments.seeds):
        counts = long_tailed(arguments.candidates, seed)
        start = time.perf_counter()
        targets = balanced_targets(counts.sum(0), parameters.size_targets)
        found = select_balanced(
            counts,
            targets,
            parameters.images,
            parameters.size_weight,
            parameters.seed,
            parameters.tolerance,
            parameters.nodes,
            parameters.rounds,
        )
        seconds = time.perf_counter() - start
        selected = counts[found.chosen].sum((0, 1))
        shares = " ".join(f"{100 * each:5.1f}%" for each in selected / selected.sum())
        above = found.objective / found.bound - 1 if found.bound else float("nan")
        print(
            f"{seed:4d} {found.objective:4.0f}  {found.bound:5.0f}  {above:5.1%}  "
            f"{selected.sum():9,d}  {shares}  {seconds:8.1f}"
        )


if __name__ == "__main__":
    main()
