# What rules of tables and figures hand over.
import json


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
        "remark": EXPERIMENT.remark(cell.source, cell.dataset),
        "scores": summaries(cell),
    }


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
