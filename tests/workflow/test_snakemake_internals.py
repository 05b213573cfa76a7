"""What the package knows of Snakemake's inside is true of the Snakemake that is installed."""

import subprocess
import sys

from snakemake.cli import get_argument_parser
from snakemake.dag import DAG
from snakemake.settings.types import MaxJobsPerTimespan

from smallobjects.workflow.snakemake_internals import DEFAULT_LIMIT, printed_jobs

SNAKEFILE = """
rule all:
    input: "b.txt"

rule first:
    output: "a.txt"
    log: "logs/first.log"
    benchmark: "benchmarks/first.tsv"
    resources: gpu=2, mem_mb=300
    shell: "echo 'it is a: b' > {output}"

rule second:
    input: "a.txt"
    output: "{name}.txt"
    shell: "cp {input} {output}"
"""


def test_the_limit_that_is_lifted_is_the_default():
    parsed = get_argument_parser().parse_args(["--cores", "1"])
    limit = parsed.max_jobs_per_timespan
    if isinstance(limit, str):
        limit = MaxJobsPerTimespan.parse_choice(limit)
    assert (limit.max_jobs, limit.timespan) == DEFAULT_LIMIT


def test_a_plan_has_the_priorities_that_are_set(tmp_path):
    """A rename of `_priority` would leave the order of jobs to Snakemake, in silence."""
    (tmp_path / "Snakefile").write_text(
        SNAKEFILE + "onstart:\n"
        "    dag = workflow.dag\n"
        "    jobs = {job.rule.name: job for job in dag.needrun_jobs()}\n"
        "    dag._priority[jobs['second']] = 7\n"
        "    print('PRIORITY', dag.priority(jobs['second']), workflow.scheduler.job_rate_limiter)\n"
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "PRIORITY 7 " in done.stdout + done.stderr
    assert (tmp_path / "b.txt").read_text() == "it is a: b\n"
    assert callable(DAG.needrun_jobs)


def test_jobs_are_read_from_what_a_dry_run_prints(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "-n", "-p", "--nocolor", "--cores", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    jobs = {job.rule: job for job in printed_jobs(done.stdout)}
    assert set(jobs) >= {"first", "second"}
    assert jobs["first"].benchmark == "benchmarks/first.tsv"
    assert jobs["first"].resources["gpu"] == "2"
    assert jobs["first"].resources["mem_mb"] == "300"
    assert "echo 'it is a: b' > a.txt" in jobs["first"].body
    assert jobs["second"].wildcards == {"name": "b"}
    assert jobs["second"].benchmark == ""
