# The validated experiment, the places of its files, and whom rules ask for what a job needs:
# smallobjects.workflow answers from the experiment's settings.
import sys
from pathlib import Path

from smallobjects.cluster.local_orphans import mark_jobs
from smallobjects.config import ConfigError, Experiment
from smallobjects.config.layers import require_single_keys
from smallobjects.config.layout import CELL
from smallobjects.losses.arms import PATTERN as ARM_PATTERN
from smallobjects.overview.data_used import data_used
from smallobjects.overview.usage import usage_text
from smallobjects.publishing.checksums import keep_checksums
from smallobjects.workflow import before_jobs, snakemake_internals
from smallobjects.workflow.asking import any_of, given
from smallobjects.workflow.datasets import DatasetQuestions
from smallobjects.workflow.fetching import FetchingQuestions
from smallobjects.workflow.labels import LabelQuestions
from smallobjects.workflow.models import ModelQuestions
from smallobjects.workflow.panels import PanelQuestions
from smallobjects.workflow.plots import PlotQuestions
from smallobjects.workflow.report import ReportQuestions
from smallobjects.workflow.saliency import SaliencyQuestions
from smallobjects.workflow.tables import TableQuestions

try:
    require_single_keys(workflow.configfiles)
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
DOWNLOADS = EXPERIMENT.config.downloads
PLACES = EXPERIMENT.layout
ROOT = PLACES.root
DATASET = PLACES.dataset
SOURCE = PLACES.source
SELECTION = PLACES.selection
SEGMENTOR = PLACES.segmentor
PREDICTIONS = PLACES.predictions
SCORES = PLACES.scores
TABLES = PLACES.tables
FIGURES = PLACES.figures
LOGS = PLACES.logs
BENCHMARKS = PLACES.benchmarks
ENVIRONMENT = Path(workflow.basedir) / "envs/conda.yaml"

DATASETS = DatasetQuestions(EXPERIMENT)
FETCHED = FetchingQuestions(EXPERIMENT)
LABELS = LabelQuestions(EXPERIMENT)
SALIENCY = SaliencyQuestions(EXPERIMENT)
MODELS = ModelQuestions(EXPERIMENT)
CELLS = TableQuestions(EXPERIMENT)
PANELS = PanelQuestions(EXPERIMENT)
PLOTS = PlotQuestions(EXPERIMENT)
REPORT = ReportQuestions(EXPERIMENT)

# A job on a node need not look again.
if workflow.is_main_process:
    before_jobs.require_open_folders(
        Path(".snakemake"), Path(EXPERIMENT.config.results)
    )
    mark_jobs(Path.cwd())
    snakemake_internals.remove_incomplete_records(Path.cwd())


wildcard_constraints:
    dataset="[A-Za-z0-9_.-]+",
    source="[A-Za-z0-9_.:-]+",
    segmentor="[A-Za-z0-9_.-]+",
    loss=ARM_PATTERN,
    seed="[0-9]+",


scattergather:
    shards=COMPUTE.shards,


def every_shard(pattern):
    """Return `pattern` for every shard; the dataset and the label source stay wildcards."""
    return gather.shards(pattern, dataset="{dataset}", source="{source}")


def kept_predictions(output):
    """Return a folder of predictions as it is, or to be deleted when nothing needs it any more."""
    return output if EXPERIMENT.config.keep_predictions else temp(output)


def prepare_run():
    """Refuse what cannot be run, end what an earlier run left, and let long chains start first."""
    before_jobs.require_paths(EXPERIMENT)
    keep_checksums(Path(EXPERIMENT.config.results))
    snakemake_internals.lift_default_limit(workflow)
    snakemake_internals.start_long_chains_first(workflow)
    before_jobs.end_jobs_of_earlier_runs(Path.cwd())
    if snakemake_internals.runs_on_slurm(workflow):
        before_jobs.prepare_slurm(Path.cwd(), workflow.executor_settings.status_command)


def show_usage():
    """Show what the jobs of a run on Slurm took, beside what they asked for."""
    if snakemake_internals.runs_on_slurm(workflow):
        asked = snakemake_internals.asked_on_cluster(workflow)
        print(usage_text(Path(BENCHMARKS), *asked), file=sys.stderr)
