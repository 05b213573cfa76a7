# The validated experiment, the places of its files, and what happens before and after a run. The
# other common_*.smk hold the helpers that hand rules their parameters: each is one JSON object on
# the command line, so that Snakemake sees what changed.
import re
import shlex
import sys
from pathlib import Path

from smallobjects.publishing.checksums import keep_checksums
from smallobjects.cluster.accounting import check_accounting
from smallobjects.cluster.chains import longest_chains
from smallobjects.cluster.commands import SlurmError
from smallobjects.cluster.local_orphans import OrphanError, end_local_orphans, mark_jobs
from smallobjects.cluster.orphans import cancel_orphans
from smallobjects.config import ConfigError, Experiment, missing_paths
from smallobjects.losses.arms import PATTERN as ARM_PATTERN
from smallobjects.overview.data_used import data_used
from smallobjects.overview.markers import remove_incomplete_records
from smallobjects.overview.usage import usage_text
from smallobjects.sharing import ClosedFolderError, require_open

try:
    EXPERIMENT = Experiment(config, Path(workflow.basedir) / "config")
except ConfigError as error:
    raise WorkflowError(f"The configuration cannot be run.\n{error}") from None

# What captions say of the data.
config["data_used"] = data_used(
    [EXPERIMENT.dataset(name).raw for name in EXPERIMENT.config.datasets]
)

# Where a job runs is among its resources, not its params: it is no reason to run it again. Nor is
# where a file comes from.
COMPUTE = EXPERIMENT.scale.compute
# Of a job that does not train a segmentor.
ONE_GPU = min(COMPUTE.gpus, 1)
ROOT = EXPERIMENT.root
DOWNLOADS = EXPERIMENT.config.downloads
DATASET = f"{ROOT}/datasets/{{dataset}}"
SOURCE = f"{ROOT}/pseudo_labels/{{dataset}}/{{source}}"
SELECTION = f"{ROOT}/selections/{{dataset}}"
SEGMENTOR = f"{ROOT}/segmentors/{{dataset}}/{{source}}/{{segmentor}}/seed{{seed}}"
CELL = "{dataset}/{source}/{segmentor}/{loss}/seed{seed}"
PREDICTIONS = f"{ROOT}/predictions/{CELL}"
SCORES = f"{ROOT}/scores/{CELL}"
TABLES = f"{EXPERIMENT.config.results}/tables"
FIGURES = f"{EXPERIMENT.config.results}/figures"
LOGS = f"{ROOT}/logs"
BENCHMARKS = f"{ROOT}/benchmarks"
ENVIRONMENT = Path(workflow.basedir) / "envs/conda.yaml"

# Snakemake itself would stop at the first of its own files, without saying what helps. A job on a
# node need not look again.
if workflow.is_main_process:
    try:
        require_open(Path(".snakemake"), Path(EXPERIMENT.config.results))
    except ClosedFolderError as error:
        raise WorkflowError(str(error)) from None
    mark_jobs(Path.cwd())
    remove_incomplete_records(Path.cwd())


wildcard_constraints:
    dataset="[A-Za-z0-9_.-]+",
    source="[A-Za-z0-9_.:-]+",
    segmentor="[A-Za-z0-9_.-]+",
    loss=ARM_PATTERN,
    seed="[0-9]+",


scattergather:
    shards=COMPUTE.shards,


def any_of(names):
    """Return the wildcard constraint that allows `names` and nothing else."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def require_paths(experiment):
    """Stop a run, before any job, whose configuration names paths that are not there."""
    missing = missing_paths(experiment)
    if missing:
        lines = [
            f"{key} = {path!r}: there is no such file or folder"
            for key, path in missing.items()
        ]
        remedy = (
            "Give paths that exist under these keys of config.yaml, or put the files there; delete "
            "a record (*.record.json) to fetch again what it tells of."
        )
        raise WorkflowError(
            "\n".join(["The configuration cannot be run.", *lines, remedy])
        )


def lift_default_limit():
    """Take away Snakemake's default limit of jobs per second; one that the user sets stays.

    Nothing here starts a hundred jobs a second, and the limit is not free: it wakes the scheduler a
    second after each start and end of a job, and each of these calls wakes it again a second later.
    After some hundred jobs it looks at the inputs of all that wait hundreds of times a second.
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def start_long_chains_first():
    """On Slurm, let the jobs first that have the longest chain of jobs after them.

    By their time limits. Snakemake takes a priority from a rule, which does not know what a job is
    for; so they are set once the jobs are known. Those of `--prioritize` stay the highest.
    """
    if workflow.executor_plugin.name == "slurm":
        dag = workflow.dag
        jobs = set(dag.needrun_jobs())
        needs = {job: [*jobs.intersection(dag.dependencies[job])] for job in jobs}
        minutes = {job: job.resources.get("runtime", 0) for job in jobs}
        for job, chain in longest_chains(needs, minutes).items():
            dag._priority[job] = max(dag.priority(job), chain)


def end_jobs_of_earlier_runs():
    """End what a killed Snakemake left running in this folder on this machine."""
    try:
        end_local_orphans(Path.cwd())
    except OrphanError as error:
        raise WorkflowError(str(error)) from None


def prepare_slurm():
    """Ask Slurm for accounts, if these are read; end the jobs of an earlier run in this folder."""
    if workflow.executor_plugin.name == "slurm":
        try:
            check_accounting(workflow.executor_settings.status_command)
            cancel_orphans(Path.cwd())
        except SlurmError as error:
            raise WorkflowError(str(error)) from None


def show_usage():
    """Show what the jobs of a run on Slurm took, beside what they asked for."""
    if workflow.executor_plugin.name == "slurm":
        jobs = [job for job in workflow.dag.jobs if not job.is_local]
        gpus = {job.rule.name: job.resources.get("gpu", 0) for job in jobs}
        memory = {job.rule.name: job.resources.get("mem_mb") for job in jobs}
        print(usage_text(Path(BENCHMARKS), gpus, memory), file=sys.stderr)


def given(option, name):
    """Return a function that gives a command-line option once for every input of a name."""

    def options(wildcards, input):
        return " ".join(f"{option} {shlex.quote(path)}" for path in input[name])

    return options


def split(role):
    """Return a function that names a dataset's split for `role`: train, label_score, evaluate."""

    def name(wildcards):
        found = getattr(EXPERIMENT.dataset(wildcards.dataset), role)
        if found is None:
            home = EXPERIMENT.trained_on(wildcards.dataset)
            raise WorkflowError(
                f"{wildcards.dataset} has no split for {role!r}: it evaluates the models of {home}"
            )
        return found

    return name
