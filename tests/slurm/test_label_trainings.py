"""A training of a network that makes labels, stopped by Slurm: it goes on, to the same bytes."""

import time

import pytest
from slurm_workflow import ONE_DATASET
from small_workflow import Workflow

from smallobjects.config.layers import merge

pytestmark = pytest.mark.slurm
SOURCE = "results/demo/pseudo_labels/voc/irn"
CLASSIFIER = f"{SOURCE}/classifier.pth"
LOG = "results/demo/logs/train_classifier/voc/irn.log"
STAGES = {"classifier": {"epochs": 120}, "edges": {"epochs": 2}}
IRN = merge(
    ONE_DATASET,
    {
        "matrix": [{"labels": ["irn"], "segmentors": ["deeplabv2"]}],
        "settings": {"methods": {"irn": {"stages": STAGES}}},
    },
)


def wait_for(text, path, seconds=180):
    deadline = time.monotonic() + seconds
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, f"{path} does not say {text!r}"
        time.sleep(0.05)


def test_a_classifier_that_is_preempted_goes_on(on_slurm, tmp_path, repository):
    undisturbed = Workflow(tmp_path, repository, IRN)
    undisturbed.run(CLASSIFIER)
    run = on_slurm(IRN)
    log = run.folder / LOG
    snakemake = run.start(CLASSIFIER)
    wait_for("classifier: step", log)
    urgent = ["--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=sleep 1"]
    run.cluster.call("sbatch", *urgent)
    # The job empties its log when it starts again.
    wait_for("classifier: goes on from step", log)
    output, _ = snakemake.communicate(timeout=600)
    assert snakemake.returncode == 0, output + run.logs()
    assert (run.folder / CLASSIFIER).read_bytes() == (tmp_path / CLASSIFIER).read_bytes()
    assert not (run.folder / f"{CLASSIFIER}.work").exists()
