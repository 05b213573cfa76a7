"""kill -9 at any moment: nothing half-written is used, and the numbers come out the same."""

import os
import random
import re
import subprocess
import time

import pandas as pd
import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.cluster.local_orphans import orphans

ONE_CELL = {
    "datasets": ["voc"],
    "matrix": [{"labels": ["irn"], "segmentors": ["deeplabv2"]}],
    "losses": ["sb"],
}
LABELS = "results/demo/pseudo_labels/voc/irn"
SHARED = "results/demo/segmentors/voc/irn/deeplabv2/seed0/shared.pth"
SCORES = "results/demo/scores/voc/irn/deeplabv2/sb/seed0"

TELL_THE_TIME = ("/tables/", "/figures/", "manifest.json", "tensorboard", "configuration.html")
"""Results that name other cells of the matrix, or when they were made."""


@pytest.fixture(scope="module")
def killed_twice(workflow):
    """One cell, killed while CAMs are made and again while the network is trained."""
    run = workflow(ONE_CELL)
    cams = run.folder / LABELS / "cams"
    run.kill_when(lambda: any(cams.glob(".*.partial")))
    # A shard may be whole already; the one under way must not be there.
    assert len(list(cams.glob("*.npz"))) < 2
    assert any(cams.glob(".*.partial"))
    run.run("--unlock")

    scratch = run.folder / f"{SHARED}.work"
    run.kill_when(lambda: any(scratch.glob("**/*.pth")))
    assert not (run.folder / SHARED).exists()
    run.run("--unlock")

    run.run()
    return run


@pytest.fixture(scope="module")
def left_by_snakemake(workflow):
    """One cell whose Snakemake alone is killed twice; its jobs go on, and it is started at once."""
    run = workflow(ONE_CELL)
    cams = run.folder / LABELS / "cams"
    run.kill_when(lambda: any(cams.glob(".*.partial")), jobs_survive=True)
    assert orphans(run.folder)
    run.run("--unlock")

    scratch = run.folder / f"{SHARED}.work"
    run.kill_when(lambda: any(scratch.glob("**/*.pth")), jobs_survive=True)
    # So that it is still there when the next run starts.
    for job in orphans(run.folder):
        job.suspend()
    assert orphans(run.folder)
    run.run("--unlock")

    output = run.run()
    return run, output


@pytest.fixture(scope="module", params=["all of it", "Snakemake alone"])
def killed(request):
    if request.param == "all of it":
        return request.getfixturevalue("killed_twice")
    return request.getfixturevalue("left_by_snakemake")[0]


def test_kills_of_snakemake_alone_at_random_moments_change_no_byte(workflow, finished):
    """`KILLS=20 pytest tests/workflow/finished/test_interruption.py` kills more often."""
    run, rng = workflow(ONE_CELL), random.Random(0)
    for _ in range(int(os.environ.get("KILLS", "4"))):
        process = run.start()
        try:
            process.communicate(timeout=rng.uniform(3, 12))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            process.stdout.close()
            run.run("--unlock")
    run.run()
    results = run.folder / "results"
    compared = 0
    for path in sorted((results / "checksums").rglob("*.sha256")):
        if not any(name in str(path) for name in TELL_THE_TIME):
            assert path.read_text() == (finished.folder / path.relative_to(run.folder)).read_text()
            compared += 1
    assert compared > 20
    answer = CliRunner().invoke(main, ["verify", str(results)])
    assert answer.exit_code == 0, answer.output
    assert len(answer.stdout.splitlines()) == 1, answer.output


def test_after_ctrl_c_the_same_command_goes_on(workflow):
    schedule = {"iterations": 81, "shared_iterations": 80, "checkpoint_interval": 2}
    long = {"settings": {"segmentors": {"deeplabv2": {"schedule": schedule}}}}
    full = {"matrix": [{"labels": ["full"], "segmentors": ["deeplabv2"]}]}
    run = workflow({**ONE_CELL, **full, **long})
    shared = SHARED.replace("irn", "full")
    output = run.interrupt_when(lambda: any(run.folder.glob(f"{shared}.work/**/*.pth")), shared)
    # A job that has saved before Snakemake looks up is one that failed, and says why.
    assert any(
        said in output
        for said in ("Terminating processes on user request", "stopped as asked after iteration")
    )
    assert "Traceback" not in output
    # Snakemake may be gone before its job has saved.
    deadline = time.monotonic() + 60
    while orphans(run.folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    [log] = run.folder.glob("results/demo/logs/train_shared/**/*.log")
    [stopped] = re.findall(r"stopped as asked after iteration (\d+)", log.read_text())
    assert orphans(run.folder) == []
    # There is nothing to unlock, and nothing is trained twice.
    run.run(shared)
    assert f"/iter_{stopped}.pth" in log.read_text().splitlines()[0]
    assert (run.folder / shared).exists()


def test_jobs_that_outlive_snakemake_are_ended_by_the_next(left_by_snakemake):
    run, output = left_by_snakemake
    assert "of an earlier run" in output
    assert orphans(run.folder) == []


def test_the_scores_are_those_of_an_undisturbed_run(killed, finished):
    for name in ("summary.json", "confusion.npy"):
        path = f"{SCORES}/{name}"
        assert (killed.folder / path).read_bytes() == (finished.folder / path).read_bytes()
    frames = [
        pd.read_parquet(run.folder / SCORES / "instances.parquet") for run in (killed, finished)
    ]
    pd.testing.assert_frame_equal(*frames)


def test_the_labels_are_those_of_an_undisturbed_run(killed, finished):
    ours, theirs = (
        {path.name: path.read_bytes() for path in (run.folder / LABELS / "labels").glob("*.png")}
        for run in (killed, finished)
    )
    assert ours == theirs


def test_nothing_partial_is_left(killed):
    assert not list(killed.folder.glob("results/**/.*.partial"))
    assert not list(killed.folder.glob("results/**/.*.lock"))
    assert not list(killed.folder.glob("results/**/*.work"))
