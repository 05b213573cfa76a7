"""Time the random walk against a SciPy CSR matrix applied once per step, on one core.

    python benchmarks/random_walk.py [--height 94] [--width 125] [--maps 3]

Prints both times, their ratio (below 1: the random walk of this package is faster), the ratio with
the time to build the transition included, and the largest difference of the results.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from scipy import ndimage, sparse

from smallobjects.pseudo_labels.irn.affinity import pair_offsets, straight_path
from smallobjects.pseudo_labels.irn.random_walk import Transition, random_walk, walk


def csr_transition(edges, radius, beta):
    """Build T of the edges as a SciPy CSR matrix; its columns sum to one."""
    height, width = edges.shape
    index = np.arange(height * width).reshape(height, width)
    rows, columns, values = [index.ravel()], [index.ravel()], [np.ones(height * width)]
    for dy, dx in pair_offsets(radius):
        y, x = np.mgrid[0 : height - dy, max(0, -dx) : width - max(0, dx)]
        path = [edges[y + py, x + px] for py, px in straight_path(dy, dx)]
        weights = (1 - np.max(path, axis=0)).ravel() ** beta
        first, second = index[y, x].ravel(), index[y + dy, x + dx].ravel()
        rows += [first, second]
        columns += [second, first]
        values += [weights, weights]
    affinity = sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(height * width, height * width),
    )
    return (affinity @ sparse.diags(1 / np.asarray(affinity.sum(axis=0)).ravel())).tocsr()


def best_time(function, repeats):
    """Return the shortest time of some calls in seconds, and the last result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--height", type=int, default=94)
    parser.add_argument("--width", type=int, default=125)
    parser.add_argument("--maps", type=int, default=3)
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--radius", type=int, default=5)
    parser.add_argument("--beta", type=float, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)

    generator = np.random.default_rng(0)
    shape = (options.height, options.width)
    edges = ndimage.gaussian_filter(generator.random(shape), 1)
    edges = (edges - edges.min()) / (edges.max() - edges.min())
    cams = generator.random((options.maps, *shape))
    start = cams * (1 - edges)

    build_csr, matrix = best_time(lambda: csr_transition(edges, options.radius, options.beta), 1)
    # Rows times T is the transposed matrix times columns, which CSR applies fastest.
    transposed = matrix.T.tocsr()

    def csr_walk(dtype):
        applied = transposed.astype(dtype)
        begin = np.ascontiguousarray(start.reshape(options.maps, -1).T, dtype=dtype)

        def run():
            values = begin
            for _ in range(options.steps):
                values = applied @ values
            return values

        return run

    csr_seconds, reference = best_time(csr_walk(np.float64), options.repeats)
    csr32_seconds, single = best_time(csr_walk(np.float32), options.repeats)
    reference = reference.T.reshape(cams.shape)
    single = single.T.reshape(cams.shape)

    tensors = torch.from_numpy(cams), torch.from_numpy(edges)
    transition = Transition(tensors[1], options.radius, options.beta)
    maps = torch.from_numpy(start)
    walk_seconds, _ = best_time(lambda: walk(transition, maps, options.steps), options.repeats)
    full_seconds, result = best_time(
        lambda: random_walk(*tensors, options.radius, options.beta, options.steps), options.repeats
    )

    print(f"{options.maps} maps of {shape[0]}×{shape[1]}, {options.steps} steps, one core")
    print(f"SciPy CSR, float64:        {csr_seconds:.3f} s (and {build_csr:.3f} s to build it)")
    print(f"SciPy CSR, float32:        {csr32_seconds:.3f} s")
    print(f"random walk:               {walk_seconds:.3f} s")
    print(f"random walk, with build:   {full_seconds:.3f} s")
    fastest = min(csr_seconds, csr32_seconds)
    print(f"ratio to the faster CSR:   {walk_seconds / fastest:.2f}")
    print(f"the same, with build:      {full_seconds / fastest:.2f}")
    print(f"largest difference:        {np.abs(result.numpy() - reference).max():.1e}")
    print(f"of CSR in float32:         {np.abs(single - reference).max():.1e}")


if __name__ == "__main__":
    main()
