# Appended to the Snakefile by benchmarks/slurm.py. Every job sleeps instead of what it does and
# leaves its outputs empty. On a node it does so without a Snakemake of its own, whose start a
# cluster's nodes would share among them, and one machine could not.
import inspect
import json
import os
import threading

from snakemake_executor_plugin_slurm import Executor

BENCH = Path(os.environ["SLURM_BENCHMARK"])
SECONDS_PER_HOUR = float(os.environ["SLURM_BENCHMARK_SECONDS_PER_HOUR"])
WRITING = threading.Lock()


def stand_in(job, seconds):
    """Write what a job runs instead of its command, and return the command that starts it."""
    lines = [f"sleep {seconds}"]
    for path in job.output:
        lines.append(f"mkdir -p '{path if path.is_directory else Path(path).parent}'")
        lines.append(f"touch '{path}/file'" if path.is_directory else f"touch '{path}'")
    if job.benchmark:
        lines.append(f"mkdir -p '{Path(job.benchmark).parent}'")
        lines.append(f"printf 's\\n{seconds}\\n' > '{job.benchmark}'")
    lines.append(
        f'echo "${{SLURM_JOB_ID:--}} $(date +%s.%N)" > "{BENCH}/ends/{job.jobid}"'
    )
    script = BENCH / "scripts" / f"{job.jobid}.sh"
    script.write_text("\n".join(["set -e", *lines, ""]))
    return f"sh {script}"


def on_the_node(executor, job):
    """Return the command of a job that is submitted, or of all in a group, one after another."""
    write_plan()
    commands = []
    for each in job if job.is_group() else [job]:
        seconds = each.resources.runtime / 60 * SECONDS_PER_HOUR
        commands.append(stand_in(each, seconds))
    return " && ".join(commands)


def on_the_head(original):
    """Return the action of a rule whose jobs run where Snakemake runs."""
    names = list(inspect.signature(original).parameters)

    def action(*values):
        given = dict(zip(names, values, strict=False))
        job = next(job for job in workflow.dag.jobs if job.jobid == given["jobid"])
        shell(stand_in(job, 0), bench_record=given["bench_record"])

    return action


def write_plan():
    """Write the jobs, once: rule, GPUs and the jobs whose files each needs."""
    path = BENCH / "plan.json"
    with WRITING:
        if path.exists():
            return
        jobs = {
            job.jobid: {
                "rule": job.rule.name,
                "gpus": job.resources.get("gpu", 0),
                "needs": [other.jobid for other in workflow.dag.dependencies[job]],
            }
            for job in workflow.dag.needrun_jobs()
        }
        path.write_text(json.dumps(jobs))


Executor.format_job_exec = on_the_node
# Without jobs that ended, the executor waits ten seconds longer each time. They would be hours here.
Executor.next_seconds_between_status_checks = property(lambda _: 1, lambda *_: None)

for each in workflow.rules:
    if each.shellcmd is not None:
        each.run_func = on_the_head(each.run_func)

# What a user has to give.
for path in missing_paths(EXPERIMENT).values():
    Path(path).mkdir(parents=True)
