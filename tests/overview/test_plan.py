"""What a plan takes, from what Snakemake prints of it."""

import os
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from smallobjects.cli import main
from smallobjects.overview.local_plan import local_plan
from smallobjects.overview.plan import SharedPhase, plan_of
from smallobjects.overview.planned_jobs import (
    PlanError,
    PlannedJob,
    dry_run,
    planned_jobs,
    with_options,
)
from smallobjects.overview.tables import local_sum, saving
from smallobjects.overview.usage import Use, usage_text, uses_below

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture(autouse=True)
def _in_the_checkout(repository, monkeypatch):
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.fixture(scope="module")
def jobs(repository):
    """One row of the paper-scale matrix on one dataset, with two seeds."""
    changes = ["datasets=[voc]", "matrix=[{labels: [irn], segmentors: [deeplabv2]}]"]
    before = Path.cwd()
    os.chdir(repository)
    try:
        return list(planned_jobs(dry_run(["--config", "scale=paper", "seeds=[0, 1]", *changes])))
    finally:
        os.chdir(before)


def of(jobs, rule):
    return [job for job in jobs if job.rule == rule]


def test_every_job_names_gpu_memory_and_time(jobs):
    submitted = [job for job in jobs if job.rule not in ("all", "fetch_archive", "fetch_weights")]
    assert len(submitted) > 60
    assert all(job.memory_mb and job.minutes for job in submitted)
    assert {job.gpus for job in of(jobs, "make_cams")} == {1}
    assert {job.gpus for job in of(jobs, "score")} == {0}
    assert len(of(jobs, "make_cams")) == 16
    # They are submitted as a group, of which Snakemake prints another form.
    assert len(of(jobs, "score")) == 4


def test_gpu_hours_are_those_of_the_limits(jobs):
    plan = plan_of(jobs)
    hours = sum(job.minutes / 60 for job in jobs if job.gpus)
    assert plan.total.limit_hours == pytest.approx(hours)
    assert plan.by_source["irn", "voc"].limit_hours == pytest.approx(hours)
    assert plan.total.jobs == len(jobs)


def test_what_the_shared_phase_saves_is_counted_in_iterations(jobs):
    # VOC: 30,000 in all, of which the losses share what precedes the switch; two seeds, two losses.
    ((first, last),) = {job.iterations for job in of(jobs, "train_arm")}
    shared = plan_of(jobs).shared
    assert shared == SharedPhase(2 * first + 4 * (last - first), 4 * last)
    assert "less" in saving(shared)
    assert "saves nothing" in saving(SharedPhase(10, 10))


def test_jobs_that_ran_are_an_estimate_beside_the_limit():
    planned = [PlannedJob("predict", {"dataset": "voc"}, 1, 1, 240)] * 3
    planned += [PlannedJob("predict", {"dataset": "coco"}, 1, 1, 240)]
    uses = [
        Use("predict", f"voc/irn/{k}", seconds, 1.0, 1.0) for k, seconds in enumerate((600, 1200))
    ]
    total = plan_of(planned, uses).total
    assert (total.gpu_jobs, total.measured_jobs) == (4, 3)
    assert total.measured_hours == pytest.approx(3 * 900 / 3600)
    assert total.limit_hours == 16


def test_two_gpus_count_twice_and_gres_counts():
    printed = (
        "rule train_arm:\n    wildcards: dataset=voc, source=irn\n"
        "    resources: mem_mb=48000, runtime=120, gpu=0, gres=gpu:a100:2\n"
        'Shell command: x --parameters \'{"schedule":{"iterations":9,'
        '"shared_iterations":5}}\' --seed 0\n'
    )
    (job,) = planned_jobs(printed)
    assert (job.gpus, job.gpu_hours, job.iterations) == (2, 4.0, (5, 9))


def test_a_plan_is_of_the_scale_that_is_named(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("scale: photos\n")
    later = tmp_path / "later.yaml"
    later.write_text("seeds: [1]\n")
    files = ["--configfile", str(file), str(later)]
    assert with_options(["a.tex"], [file, later], None) == [
        *("a.tex", *files, "--config", "scale=photos")
    ]
    assert with_options([], [file, later], "demo")[-1] == "scale=demo"
    assert with_options([], [later], None) == ["--configfile", str(later)]
    assert with_options(["--config", "seeds=[0]"], [], "demo") == [
        *("--config", "scale=demo", "seeds=[0]")
    ]
    assert with_options(["--config", "scale=x"], [], "demo") == ["--config", "scale=x"]


@pytest.mark.parametrize("arguments", [["--scale", "demo"], ["--config", "scale=demo"]])
def test_the_command_plans_the_scale_that_is_named(arguments):
    target = "results/demo/datasets/voc/dataset.json"
    shown = CliRunner().invoke(main, ["plan", target, *arguments])
    assert shown.exit_code == 0, shown.output
    assert "make_synthetic" in shown.output or "jobs" in shown.output


def test_usage_is_that_of_the_configured_scale(tmp_path, monkeypatch):
    results = tmp_path / "results"
    folder = results / "demo" / "benchmarks" / "score" / "voc"
    folder.mkdir(parents=True)
    (folder / "irn.tsv").write_text(HEADER + "3.0\t0:00:03\t100\t1\t1\t1\t0\t0\t1\t2.0\n")
    shown = CliRunner().invoke(main, ["usage", "--results", str(results)])
    assert shown.exit_code == 0, shown.output
    assert "score" in shown.output
    refused = CliRunner().invoke(main, ["usage", "--results", str(results), "--scale", "paper"])
    assert refused.exit_code == 1
    assert "no job has ended there" in refused.output
    assert refused.output.rstrip().endswith("demo")


def test_a_plan_that_snakemake_refuses_says_why():
    with pytest.raises(PlanError, match="nonsense"):
        dry_run(["--config", "scale=nonsense"])


def test_the_command_prints_both_tables(repository):
    target = "results/paper/pseudo_labels/voc/full/manifest.json"
    shown = CliRunner().invoke(main, ["plan", target])
    assert shown.exit_code == 0, shown.output
    assert "ground_truth_labels" in shown.output
    assert "Storage: about" in shown.output


def test_what_jobs_took_is_summed_by_rule(tmp_path):
    for name, row in (
        ("predict/voc/irn/ce/seed0", "3600\t1:00:00\t100\t1\t1\t1\t0\t0\t9\t1800"),
        ("predict/voc/irn/sb/seed0", "1800\t0:30:00\t900\t1\t1\t1\t0\t0\t9\t1800"),
        ("score/voc/irn/sb/seed0", "36\t0:00:36\t-\t-\t-\t-\t-\t-\t-\t-"),
    ):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(parents=True)
        path.write_text(HEADER + row + "\n")
    uses = uses_below(tmp_path)
    assert [use.source for use in uses] == ["irn"] * 3
    text = usage_text(tmp_path, {"predict": 2, "score": 0}, {"predict": 32000})
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()}
    assert rows["predict"] == ["2", "1.50", "3.00", "1.00", "900", "32000"]
    assert rows["score"] == ["1", "0.01", "0.00", "0.00", "0", "-"]


def test_a_plan_of_this_machine_multiplies_what_jobs_took():
    def job(rule, source):
        return PlannedJob(rule, {"dataset": "voc", "source": source}, 0, None, None)

    jobs = [job("train", "irn"), job("train", "rib"), job("walk", "irn"), job("new", "irn")]
    plan = local_plan(jobs, {("train", "voc"): 100.0}, {"train": 7.0, "walk": 30.0})
    assert (plan.total.jobs, plan.total.seconds, plan.total.unpriced) == (4, 230.0, 1)
    assert plan.by_source["irn", "voc"].seconds == 130.0
    assert (plan.measured, plan.stated) == ({"train"}, {"walk"})
    text = local_sum(plan, 2)
    assert "measured here: 1 rules, as the scale's file states: 1 rules" in text
    assert "Of 1 jobs nothing is known" in text


def test_the_photos_are_planned_for_this_machine(tmp_path):
    raw = f"settings={{datasets: {{voc: {{raw: '{tmp_path}'}}}}}}"
    arguments = ["--configfile", "config/photos.yaml", "--config", raw, f"results={tmp_path}"]
    result = CliRunner().invoke(main, ["plan", "--local", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "hours of one core after the other" in result.output
    assert "GPU-hours" not in result.output
    assert "as the scale's file states: 12 rules" in result.output
    hours = float(re.search(r"About ([\d.]+) hours", result.output)[1])
    assert 0.8 < hours < 4
