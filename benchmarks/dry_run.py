"""Seconds that a dry-run of the paper-scale matrix takes beyond the start of Python.

    python benchmarks/dry_run.py [runs]

Prints the median of each and their difference, from runs that take turns.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
START = [sys.executable, "-c", "pass"]
PLAN = [sys.executable, "-m", "snakemake", "-n", "--profile", "slurm", "-j", "32"]


def seconds(command):
    """Return how long a command takes."""
    start = time.perf_counter()
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    return time.perf_counter() - start


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    pairs = [(seconds(START), seconds(PLAN)) for _ in range(runs + 1)][1:]
    start, plan = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"python {start:.2f} s, dry-run {plan:.2f} s, beyond python {plan - start:.2f} s")


if __name__ == "__main__":
    main()
