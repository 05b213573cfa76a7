"""The small matrix on Slurm: the numbers of a local run, and each GPU for one job at a time."""

import re
from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from cluster import rule_of

pytestmark = pytest.mark.slurm
GPU_JOBS = {"train_shared": 1, "train_arm": 2, "predict": 2}
# How Snakemake's executor names the group of all scores of these labels.
SCORES = "scores_voc_full_score"


@pytest.fixture(scope="module")
def finished(on_slurm):
    """The whole matrix, with the rule of each job and what Slurm gave to it."""
    run = on_slurm()
    earlier = run.cluster.comments().keys()
    run.printed = run.run()
    comments = run.cluster.comments()
    run.rules = {job: rule_of(comments[job]) for job in comments.keys() - earlier}
    run.cpus = {run.rules[job]: n for job, n in run.cluster.cpus().items() if job in run.rules}
    run.uses = run.cluster.gpu_uses()
    return run


def test_the_numbers_are_those_of_a_local_run(finished, undisturbed):
    tables = [
        undisturbed.folder / f"results/tables/{name}.csv"
        for name in ("table1", "table2", "supplement_table2")
    ]
    scores = sorted(undisturbed.folder.glob("results/demo/scores/**/summary.json"))
    assert len(scores) == 2
    for path in (*tables, *scores):
        there = finished.folder / path.relative_to(undisturbed.folder)
        assert there.read_bytes() == path.read_bytes(), path
    for path in undisturbed.folder.glob("results/demo/scores/**/*.parquet"):
        there = finished.folder / path.relative_to(undisturbed.folder)
        pd.testing.assert_frame_equal(pd.read_parquet(there), pd.read_parquet(path))


def test_every_job_that_uses_a_gpu_got_exactly_one(finished):
    gpus = {use.job: len(use.gpus) for use in finished.uses}
    held = Counter()
    for job, rule in finished.rules.items():
        held[rule] += gpus[job]
    assert +held == GPU_JOBS


def test_no_two_jobs_shared_a_gpu(finished):
    for gpu in ("0", "1"):
        held = sorted((use.start, use.end) for use in finished.uses if gpu in use.gpus)
        assert held
        for (_, end), (start, _) in pairwise(held):
            assert end <= start


def test_jobs_with_the_longest_chain_after_them_go_first(finished):
    found = re.findall(
        r"^ *rule (\w+):\n(?: .*\n)*? +priority: (\d+)$", finished.printed, re.MULTILINE
    )
    priorities = {rule: int(priority) for rule, priority in found}
    # By the time limits of the profile, in minutes.
    assert priorities["train_shared"] - priorities["train_arm"] == 2880
    assert priorities["train_arm"] - priorities["predict"] == 2880
    assert priorities["predict"] - priorities["score"] == 240


def test_collation_stays_on_the_head_node(finished):
    submitted = set(finished.rules.values())
    assert submitted.isdisjoint({"table1", "table2", "figure1", "figure3", "all"})
    assert {SCORES, "prepare_dataset", "ground_truth_labels"} <= submitted


def test_the_cores_of_this_machine_limit_no_job(finished):
    assert finished.cpus["prepare_dataset"] == finished.cpus[SCORES] == 5


def test_the_scores_of_the_same_labels_are_one_job_in_which_one_follows_another(finished):
    [job] = [job for job, rule in finished.rules.items() if rule == SCORES]
    chosen = ("--states=all", f"--jobs={job}", "--format=%m %l")
    memory, limit = finished.cluster.call("squeue", "--noheader", *chosen).split()
    assert memory in ("16000M", "15.62G"), "what one of them needs"
    assert limit == "2:00:00", "the time of both"
    assert "score" not in finished.rules.values()


def test_sacct_is_refused_where_there_are_no_accounts(on_slurm):
    run = on_slurm()
    run.variables["SMALLOBJECTS_SLURM_STATUS"] = "sacct"
    snakemake = run.start("results/tables/table1.tex")
    output, _ = snakemake.communicate(timeout=120)
    assert snakemake.returncode != 0
    assert "This cluster keeps no accounts (sacct says: Slurm accounting storage" in output
    assert "SMALLOBJECTS_SLURM_STATUS unset, for `squeue`" in output
    assert not run.cluster.jobs()
