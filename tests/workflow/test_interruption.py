"""kill -9 at any moment: nothing half-written is used, and the numbers come out the same."""

import pandas as pd
import pytest

ONE_CELL = {
    "datasets": ["voc"],
    "matrix": [{"labels": ["irn"], "segmentors": ["deeplabv2"]}],
    "losses": ["sb"],
}
LABELS = "results/demo/pseudo_labels/voc/irn"
SHARED = "results/demo/segmentors/voc/irn/deeplabv2/seed0/shared.pth"
SCORES = "results/demo/scores/voc/irn/deeplabv2/sb/seed0"


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


def test_the_scores_are_those_of_an_undisturbed_run(killed_twice, finished):
    for name in ("summary.json", "confusion.npy"):
        path = f"{SCORES}/{name}"
        assert (killed_twice.folder / path).read_bytes() == (finished.folder / path).read_bytes()
    frames = [
        pd.read_parquet(run.folder / SCORES / "instances.parquet")
        for run in (killed_twice, finished)
    ]
    pd.testing.assert_frame_equal(*frames)


def test_the_labels_are_those_of_an_undisturbed_run(killed_twice, finished):
    ours, theirs = (
        {path.name: path.read_bytes() for path in (run.folder / LABELS / "labels").glob("*.png")}
        for run in (killed_twice, finished)
    )
    assert ours == theirs


def test_nothing_partial_is_left(killed_twice):
    assert not list(killed_twice.folder.glob("results/**/.*.partial"))
    assert not list(killed_twice.folder.glob("results/**/*.work"))
