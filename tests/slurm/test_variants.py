"""The profile on a cluster with accounts that wants --gres: one training through all variants."""

import tempfile
from pathlib import Path

import pandas as pd
import pytest
from accounting import ACCOUNTING_PROGRAMS, AccountedCluster
from cluster import rule_of
from slurm_workflow import ONE_DATASET, SlurmWorkflow
from small_workflow import Workflow

pytestmark = pytest.mark.slurm
SHARED = "results/demo/segmentors/voc/full/deeplabv2/seed0/shared.pth"
DATASET = "results/demo/datasets/voc/dataset.json"
RULES = {"ground_truth_labels", "train_shared"}


@pytest.fixture(scope="module")
def trained(require_slurm, tmp_path_factory, repository):
    """A training that has ended well, and the job that made its labels."""
    require_slurm(programs=ACCOUNTING_PROGRAMS)
    folder = tmp_path_factory.mktemp("slurm")
    Workflow(folder, repository, ONE_DATASET).run(DATASET)
    accounted = AccountedCluster(Path(tempfile.mkdtemp(prefix="slurm-")))
    try:
        accounted.start()
        accounted.add_account("vision", "low")
        run = SlurmWorkflow(folder, repository, ONE_DATASET, accounted)
        run.variables |= {
            "SMALLOBJECTS_SLURM_STATUS": "sacct",
            "SMALLOBJECTS_SLURM_GPU_REQUEST": "gres",
            "SMALLOBJECTS_SLURM_ACCOUNT": "vision",
            "SMALLOBJECTS_SLURM_QOS": "low",
            "SMALLOBJECTS_SLURM_CPU_PARTITION": "main",
            "SMALLOBJECTS_SLURM_GPU_PARTITION": "gpu",
        }
        run.run(SHARED)
        yield run
    finally:
        accounted.stop()


def of_rules(cluster, column: str, steps: bool = False) -> dict[str, str]:
    """What the accounts say of the job of every rule, or of the step in which its command ran."""
    listed = cluster.call(
        "sacct", "--parsable2", "--noheader", f"--format=JobID,Comment,{column}"
    ).splitlines()
    rows = [line.split("|") for line in listed]
    rules = {job: rule_of(comment) for job, comment, _ in rows if "." not in job}
    end = ".0" if steps else ""
    return {rules[job]: value for each, _, value in rows for job in rules if each == job + end}


def test_sacct_tells_how_the_jobs_ended(trained):
    assert of_rules(trained.cluster, "State") == dict.fromkeys(RULES, "COMPLETED")


def test_gres_gives_a_training_one_gpu_and_the_others_none(trained):
    for steps in (False, True):
        held = of_rules(trained.cluster, "AllocTRES", steps)
        assert {rule for rule, what in held.items() if "gres/gpu" in what} == {"train_shared"}
        assert "gres/gpu=1" in held["train_shared"].split(",")
    assert sorted(len(use.gpus) for use in trained.cluster.gpu_uses()) == [0, 1]


def test_account_qos_and_partitions_are_those_of_the_environment(trained):
    assert of_rules(trained.cluster, "Account") == dict.fromkeys(RULES, "vision")
    assert of_rules(trained.cluster, "QOS") == dict.fromkeys(RULES, "low")
    partitions = {"ground_truth_labels": "main", "train_shared": "gpu"}
    assert of_rules(trained.cluster, "Partition") == partitions


def test_the_efficiency_report_says_what_was_asked_and_used(trained):
    [path] = (trained.folder / "results" / "efficiency").glob("efficiency_report_*.csv")
    report = pd.read_csv(path).set_index("RuleName")
    report.index = report.index.map(rule_of)
    assert set(report.index) == RULES
    training = report.loc["train_shared"]
    assert training["RequestedMem_MB"] == 48000
    assert 100 < training["MaxRSS_MB"] < 48000
    assert training["Elapsed_sec"] > 0
