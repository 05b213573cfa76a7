"""How busy the profile keeps the GPUs of a Slurm cluster, and what Snakemake takes meanwhile.

    python benchmarks/slurm.py [--gpus N] [--jobs N] [--seconds-per-hour S] [arguments of snakemake]

Runs the plan of the paper scale, or of targets given as arguments, through a real Slurm on this
machine, which tests/slurm starts. Its jobs sleep as long as their time limits say, an hour of which
takes a moment here. Slurm, the profile and the Snakemake that waits for the jobs are real; it looks
at the queue every second, which to the jobs is longer than its minutes are to real ones.

A GPU is wanted by a job that has one or could have it: whatever it needs has been made. That it
then waits - until Snakemake looks at the queue, submits it, and Slurm starts it - is an idle GPU.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.append(str(REPOSITORY / "tests" / "slurm"))

from cluster import Cluster, Node, why_not  # noqa: E402

# Paths that the Snakefile finds beside it.
BESIDE = ("config", "envs", "profiles", "slurm", "workflow")
LOOK_SECONDS = 2


class Controller(NamedTuple):
    """What the Snakemake took that waits for the jobs."""

    seconds: float
    """From its start to its end."""
    processor_seconds: float
    """With the programs that it called, such as sbatch."""
    memory_mb: float
    """The most that it held (resident)."""
    most_jobs: int
    """The most jobs that were in the queue when one looked, running or waiting."""


class GpuJob(NamedTuple):
    """A job with GPUs, in seconds since the epoch."""

    gpus: int
    ready: float
    """When all that it needs had been made."""
    start: float
    end: float


class Busy(NamedTuple):
    """GPU-seconds of a run."""

    held: float
    """GPUs that jobs had, as Slurm told the prolog and epilog of the node."""
    wanted: float
    """GPUs that jobs had or could have had, at most as many as there are."""
    open: float
    """All GPUs while there was at least one job that had a GPU or could have had it."""


def set_up(folder):
    """Make the folder of a run, with a Snakefile whose jobs sleep."""
    for name in BESIDE:
        (folder / name).symlink_to(REPOSITORY / name)
    stand_ins = (REPOSITORY / "benchmarks" / "sleeping_jobs.smk").read_text()
    (folder / "Snakefile").write_text((REPOSITORY / "Snakefile").read_text() + stand_ins)
    for name in ("scripts", "ends"):
        (folder / "bench" / name).mkdir(parents=True)


def run(folder, cluster, jobs, seconds_per_hour, arguments):
    """Run Snakemake to its end and return what it took."""
    environment = {
        # In one queue, Slurm would keep jobs without GPU behind those that wait for one: it plans
        # with time limits, and does not know that the jobs are over in a moment.
        "SMALLOBJECTS_SLURM_GPU_PARTITION": "gpu",
        "SMALLOBJECTS_SLURM_STATUS_SECONDS": "1",
        **cluster.environment,
        "PYTHONPATH": str(REPOSITORY / "src"),
        "SLURM_BENCHMARK": str(folder / "bench"),
        "SLURM_BENCHMARK_SECONDS_PER_HOUR": str(seconds_per_hour),
    }
    command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "-j", str(jobs)]
    start = time.time()
    with (folder / "snakemake.log").open("w") as log:
        snakemake = subprocess.Popen(
            [*command, *arguments], cwd=folder, env=environment, stdout=log, stderr=log
        )
        memory = processor = most = 0
        try:
            while snakemake.poll() is None:
                memory, processor = taken_by(snakemake.pid) or (memory, processor)
                most = max(most, len(cluster.jobs()))
                time.sleep(LOOK_SECONDS)
        finally:
            snakemake.terminate()
            snakemake.wait()
    if snakemake.returncode:
        sys.exit((folder / "snakemake.log").read_text()[-5000:])
    return Controller(time.time() - start, processor, memory, most)


def taken_by(process):
    """Return the most MB that a process held so far and its processor time; None if it ended."""
    place = Path("/proc") / str(process)
    try:
        status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
        times = (place / "stat").read_text().rpartition(")")[2].split()[11:15]
    except OSError:
        return None
    if "VmHWM" not in status:
        return None
    memory = int(status["VmHWM"].split()[0]) / 1024
    return memory, sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def gpu_jobs(bench, uses, start):
    """Return the jobs with GPUs of a run that began at `start`."""
    plan = json.loads((bench / "plan.json").read_text())
    ended = {path.name: path.read_text().split() for path in (bench / "ends").iterdir()}
    by_slurm = {use.job: use for use in uses}
    jobs = []
    for job, entry in plan.items():
        if entry["gpus"]:
            use = by_slurm[ended[job][0]]
            ready = max((float(ended[str(need)][1]) for need in entry["needs"]), default=start)
            jobs.append(GpuJob(len(use.gpus), ready, use.start, use.end))
    return jobs


def busy(jobs, gpus):
    """Return the GPU-seconds of some jobs on a number of GPUs."""
    changes = Counter(), Counter()
    for job in jobs:
        for count, begin in zip(changes, (job.start, job.ready), strict=True):
            count[begin] += job.gpus
            count[job.end] -= job.gpus
    moments = sorted(changes[0].keys() | changes[1].keys())
    held_now = wanted_now = 0
    held = wanted = opened = 0.0
    for moment, following in pairwise(moments):
        held_now += changes[0][moment]
        wanted_now += changes[1][moment]
        held += held_now * (following - moment)
        wanted += min(wanted_now, gpus) * (following - moment)
        opened += gpus * (wanted_now > 0) * (following - moment)
    return Busy(held, wanted, opened)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gpus", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=32, help="in the queue at a time")
    parser.add_argument("--seconds-per-hour", type=float, default=0.6)
    chosen, arguments = parser.parse_known_args()
    reason = why_not(chosen.gpus)
    if reason:
        sys.exit(f"no Slurm can be started: {reason}")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    cluster = Cluster(folder / "cluster", Node(chosen.gpus, cpus=1024, memory_mb=4_000_000))
    try:
        set_up(folder)
        cluster.start()
        start = time.time()
        took = run(folder, cluster, chosen.jobs, chosen.seconds_per_hour, arguments)
        jobs = gpu_jobs(folder / "bench", cluster.gpu_uses(), start)
        count = len(list((folder / "bench" / "ends").iterdir()))
    finally:
        cluster.stop()
        shutil.rmtree(folder)
    found = busy(jobs, chosen.gpus)
    print(
        f"{count} jobs, {len(jobs)} of them with a GPU, on {chosen.gpus} GPUs; "
        f"an hour of a time limit took {chosen.seconds_per_hour} s; {os.cpu_count()} cores\n"
        f"in the queue at most {took.most_jobs} of {chosen.jobs}; {took.seconds:.0f} s\n"
        f"GPUs held {found.held / found.wanted:.1%} of the time that jobs wanted them, "
        f"{found.held / found.open:.1%} of the time with any job that wanted one\n"
        f"Snakemake held at most {took.memory_mb:.0f} MB and took {took.processor_seconds:.0f} s "
        "of processor time"
    )


if __name__ == "__main__":
    main()
