"""`smallobjects score` killed in the middle: no process goes on, no output is there."""

import os
import subprocess
import sys
import time
from pathlib import Path

IMAGES = 20_000


def test_workers_end_with_a_killed_run(folders):
    for name in ("predictions", "semantic", "instances"):
        mask = folders / name / "im_00.png"
        for number in range(IMAGES):
            os.link(mask, folders / name / f"many_{number:05}.png")
    arguments = [f"--{name}={folders / name}" for name in ("predictions", "semantic", "instances")]
    arguments += ["--num-classes=4", f"--output={folders / 'scores.json'}", "--workers=2"]
    command = [sys.executable, "-c", "from smallobjects.cli import main; main()", "score"]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE) as run:
        # Its first word says that the workers score.
        assert b"scored" in run.stderr.readline()
        workers = [process for process in children_of(run.pid) if is_worker(process)]
        run.kill()
    assert len(workers) == 2
    deadline = time.monotonic() + 20
    while any(map(is_worker, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_worker, workers))
    assert not (folders / "scores.json").exists()


def children_of(process):
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in listed.split()]


def is_worker(process):
    """Whether the process runs, and is a worker of a pool and not the tracker beside them."""
    try:
        return b"multiprocessing.spawn" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
