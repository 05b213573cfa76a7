# The validated experiment, the places of its files, and the helpers that hand rules their
# parameters: each is one JSON object on the command line, so that Snakemake sees what changed.
import json
import re
import shlex
import sys
from pathlib import Path

from smallobjects.cluster.orphans import OrphanError, cancel_orphans
from smallobjects.config import ConfigError, Experiment, missing_paths
from smallobjects.losses.arms import PATTERN as ARM_PATTERN
from smallobjects.losses.arms import parse_arm
from smallobjects.overview.usage import usage_text

try:
    EXPERIMENT = Experiment(config, Path(workflow.basedir) / "config")
except ConfigError as error:
    raise WorkflowError(f"The configuration cannot be run.\n{error}") from None

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


def label_rules():
    """Return the rule files of all label sources, those of families first.

    A method's own rules may build on those of its family.
    """
    families = {EXPERIMENT.family(name) for name in EXPERIMENT.available("methods")}
    paths = Path(workflow.basedir).glob("workflow/rules/pseudo_labels/*.smk")
    return sorted(paths, key=lambda path: (path.stem not in families, path.name))


def every_shard(pattern):
    """Return `pattern` for every shard; the dataset and the label source stay wildcards."""
    return gather.shards(pattern, dataset="{dataset}", source="{source}")


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


def end_orphans():
    """End the Slurm jobs of an earlier run in this folder, which nobody waits for any more."""
    if workflow.executor_plugin.name == "slurm":
        try:
            cancel_orphans(Path.cwd())
        except OrphanError as error:
            raise WorkflowError(str(error)) from None


def show_usage():
    """Show what the jobs of a run on Slurm took, beside what they asked for."""
    if workflow.executor_plugin.name == "slurm":
        jobs = [job for job in workflow.dag.jobs if not job.is_local]
        gpus = {job.rule.name: job.resources.get("gpu", 0) for job in jobs}
        memory = {job.rule.name: job.resources.get("mem_mb") for job in jobs}
        print(usage_text(Path(BENCHMARKS), gpus, memory), file=sys.stderr)


def is_synthetic(dataset):
    """Tell whether the workflow makes the raw data of a dataset itself."""
    return EXPERIMENT.dataset(dataset).raw == "synthetic"


def raw_inputs(wildcards):
    """Return the raw data that must be made first; none where a local path is given."""
    return (
        [f"{ROOT}/raw/{wildcards.dataset}"] if is_synthetic(wildcards.dataset) else []
    )


def raw_folder(wildcards):
    """Return the folder of the raw data: made, fetched or given."""
    made = raw_inputs(wildcards)
    if made:
        return made[0]
    dataset = EXPERIMENT.dataset(wildcards.dataset)
    return (
        f"{DOWNLOADS}/{dataset.download.folder}"
        if dataset.raw == "download"
        else dataset.raw
    )


def layout(wildcards):
    """Return the layout of a dataset's raw data."""
    return EXPERIMENT.dataset(wildcards.dataset).layout


def synthetic_parameters(wildcards):
    """Return the settings of a dataset's synthetic scenes."""
    return EXPERIMENT.dataset(wildcards.dataset).synthetic.model_dump_json()


def selection_report(wildcards):
    """Return the report of the selection that a dataset is made of; none for any other dataset."""
    selects = EXPERIMENT.dataset(wildcards.dataset).selects_images
    return (
        [f"{SELECTION}/report.json".format(dataset=wildcards.dataset)]
        if selects
        else []
    )


def selection_option(wildcards, input):
    """Return the option that hands over the report of a selection; none where there is none."""
    return " ".join(f"--selection {path}" for path in input.selection)


def dataset_parameters(wildcards):
    """Return what the converter of a dataset reads."""
    return EXPERIMENT.dataset(wildcards.dataset).model_dump_json(
        exclude={"synthetic", "published", "saliency"}, exclude_none=True
    )


def lvis_parameters(wildcards):
    """Return the annotation files and categories of a dataset made from LVIS."""
    return EXPERIMENT.dataset(wildcards.dataset).lvis.model_dump_json()


def selection_parameters(wildcards):
    """Return how images are selected; the decisions file is an input."""
    return EXPERIMENT.dataset(wildcards.dataset).selection.model_dump_json(
        exclude={"decisions"}
    )


def two_size_limits(wildcards):
    """Return the two areas that part small, medium and large objects, as two words."""
    return " ".join(map(str, EXPERIMENT.dataset(wildcards.dataset).size_limits))


def decisions(wildcards):
    """Return the decisions of the manual filter; none where nothing is filtered by hand.

    A file that is not there is no input: it stops the run in words, as other missing paths do.
    """
    path = EXPERIMENT.dataset(wildcards.dataset).selection.decisions
    return [path] if path and Path(path).exists() else []


def decisions_option(wildcards):
    """Return the option that hands the decisions over; none where there are none."""
    path = EXPERIMENT.dataset(wildcards.dataset).selection.decisions
    return f"--decisions {shlex.quote(path)}" if path else ""


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


def stage(name, without=()):
    """Return a function that gives the parameters of one stage of a label source.

    Those named in `without` are read by another stage only.
    """

    def parameters(wildcards):
        stages = EXPERIMENT.stages(wildcards.source, wildcards.dataset)
        return getattr(stages, name).model_dump_json(exclude=set(without))

    return parameters


def having_stage(family, name):
    """Return the label sources of a family whose settings have a stage called `name`."""
    dataset = EXPERIMENT.config.datasets[0]
    return [
        source
        for source in EXPERIMENT.of_family(family)
        if hasattr(EXPERIMENT.stages(source, dataset), name)
    ]


def initial_classifier(name):
    """Return a function that gives IRN's classifier where a stage of another chain starts from it."""

    def paths(wildcards):
        stages = EXPERIMENT.stages(wildcards.source, wildcards.dataset)
        starts = getattr(stages, name).initial == "classifier"
        path = f"{ROOT}/pseudo_labels/{wildcards.dataset}/irn/classifier.pth"
        return [path] if starts else []

    return paths


def classifier_option(wildcards, input):
    """Return the option that hands over a classifier; none where there is none."""
    return " ".join(f"--classifier {path}" for path in input.classifier)


def all_stages(wildcards):
    """Return the parameters of every stage of a label source, for its manifest."""
    return EXPERIMENT.stages(wildcards.source, wildcards.dataset).model_dump_json()


def external_path(wildcards):
    """Return where the labels of `external:<name>` are."""
    return EXPERIMENT.described(wildcards.source).labels[wildcards.dataset]


def external_name(wildcards):
    """Return the name in `external:<name>`."""
    return wildcards.source.removeprefix("external:")


def training(arm=None):
    """Return a function that gives what one phase of a training reads (the wildcard's arm)."""

    def parameters(wildcards):
        return EXPERIMENT.training(
            wildcards.segmentor,
            wildcards.source,
            wildcards.dataset,
            arm or wildcards.loss,
        ).model_dump_json(exclude_none=True)

    return parameters


def arm_kind(wildcards):
    """Return ce, sw or sb: what a loss is, whatever its τ and λ."""
    return parse_arm(wildcards.loss).kind


def checkpoint(wildcards):
    """Return the trained model: that of the dataset itself, or of the one it evaluates."""
    return f"{SEGMENTOR}/{{loss}}.pth".format(
        **{**wildcards, "dataset": EXPERIMENT.trained_on(wildcards.dataset)}
    )


def prediction(wildcards):
    """Return what a prediction reads."""
    return EXPERIMENT.prediction(
        wildcards.segmentor, wildcards.source, wildcards.dataset
    ).model_dump_json()


def num_classes(wildcards):
    """Return the number of classes of a dataset, background included."""
    return EXPERIMENT.dataset(wildcards.dataset).num_classes


def size_limits(wildcards):
    """Return the two areas that part small, medium and large objects."""
    return list(EXPERIMENT.dataset(wildcards.dataset).size_limits)


def evaluated_images(wildcards):
    """Return the list of the images that are scored."""
    name = split("evaluate")(wildcards)
    return f"{ROOT}/datasets/{wildcards.dataset}/splits/{name}.txt"


def summaries(cell):
    """Return the score file of each seed of a cell."""
    return {
        seed: f"{SCORES}/summary.json".format(
            dataset=cell.dataset,
            source=cell.source,
            segmentor=cell.segmentor,
            loss=cell.loss,
            seed=seed,
        )
        for seed in EXPERIMENT.config.seeds
    }


def paths_of(cells):
    """Return a function that gives every score file of some cells."""

    def summaries_of_cells(wildcards):
        return [path for cell in cells for path in summaries(cell).values()]

    return summaries_of_cells


def tables_of(cells):
    """Return a function that gives the tables of instances and areas beside every score file."""

    def tables(wildcards):
        return [
            f"{Path(path).parent}/{name}.parquet"
            for path in paths_of(cells)(wildcards)
            for name in ("instances", "areas")
        ]

    return tables


def interval_tables(cells):
    """Return a function that gives what the intervals of a table are made from, if it shows any."""

    def tables(wildcards):
        return tables_of(cells)(wildcards) if EXPERIMENT.config.tables.intervals else []

    return tables


def score_cells(cells, published=False):
    """Return a function that describes cells: who made the labels, which model, its scores.

    With `published`, also what is published of each.
    """

    def described(wildcards):
        rows = [described_cell(cell) for cell in cells]
        if published:
            for row, cell in zip(rows, cells):
                row["published"] = EXPERIMENT.published_scores(cell)
        return json.dumps(rows)

    return described


def supplement_tables():
    """Return the supplement's Table 2, and at a scale that shows them the published values."""
    if not EXPERIMENT.supplement_cells:
        return []
    names = ["supplement_table2"]
    if EXPERIMENT.scale.published_values:
        names.append("supplement_table2_published")
    return [f"{TABLES}/{name}.{suffix}" for name in names for suffix in ("tex", "csv")]


def require_supplement_cells(wildcards):
    """Return the scores of the supplement's Table 2, or say why it has no rows."""
    if not EXPERIMENT.supplement_cells:
        raise WorkflowError(
            "the supplement's Table 2 has no rows: name `full` in the matrix, with a segmentor "
            "whose file has `published` scores of one of the datasets"
        )
    return paths_of(EXPERIMENT.supplement_cells)(wildcards)


def prediction_threads(wildcards):
    """Return the threads of a prediction: a CRF works on as many images at once."""
    settings = EXPERIMENT.segmentor(
        wildcards.segmentor, wildcards.source, wildcards.dataset
    )
    if settings.inference.crf is None:
        return COMPUTE.training_threads
    return max(COMPUTE.training_threads, COMPUTE.image_threads)


def kept_predictions(output):
    """Return a folder of predictions as it is, or to be deleted when nothing needs it any more."""
    return output if EXPERIMENT.config.keep_predictions else temp(output)


def described_cell(cell):
    """Return what a table prints of a cell, and where its scores are."""
    source = EXPERIMENT.described(cell.source)
    segmentor = EXPERIMENT.segmentor(cell.segmentor, cell.source, cell.dataset)
    return {
        "supervision": source.supervision,
        "labels": cell.source,
        "labels_title": source.title,
        "segmentor": cell.segmentor,
        "segmentor_title": segmentor.title,
        "dataset": cell.dataset,
        "dataset_title": EXPERIMENT.dataset(cell.dataset).title,
        "loss": cell.loss,
        "scores": summaries(cell),
    }


def table1_cells(wildcards):
    """Return the columns of Table 1: a dataset, and the split whose instances are counted."""
    columns = []
    for name in EXPERIMENT.config.datasets:
        published = EXPERIMENT.published(name)
        columns.append(
            {
                **described_split(name),
                "published": published and published.model_dump(),
            }
        )
    return json.dumps(columns)


def described_split(dataset):
    """Return what tables and figures of a dataset describe: its evaluated split."""
    settings = EXPERIMENT.dataset(dataset)
    return {
        "title": settings.title,
        "path": f"{ROOT}/datasets/{dataset}",
        "split": settings.evaluate,
    }


def figure_panels(wildcards):
    """Return the panels of the figures that describe the datasets."""
    return json.dumps([described_split(name) for name in EXPERIMENT.config.datasets])
