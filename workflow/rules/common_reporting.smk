# What rules of pictures and of the report hand over: pages, plots and labels of the report.
import hashlib

PANEL_SEED = EXPERIMENT.config.seeds[0]
"""Panels and learning curves show the models of the first seed."""
TRAINED = list(dict.fromkeys(map(EXPERIMENT.trained_on, EXPERIMENT.config.datasets)))
"""The datasets that models are trained on."""
PLOTS = [
    "gains",
    "miou_ia_s",
    *(f"size_curves.{dataset}" for dataset in EXPERIMENT.config.datasets),
    *(f"learning_curves.{dataset}" for dataset in TRAINED),
]


def supplement_files(suffix):
    """Return the files of the supplement's tables that end with `suffix`."""
    tables = (path for path in supplement_tables() if path.endswith(".csv"))
    return [str(Path(path).with_suffix(suffix)) for path in tables]


def supplement_title(path):
    """Return what the report calls a table of the supplement."""
    beside = ", beside the published values" if "published" in path else ""
    return f"Supplement, Table 2: networks on the ground truth{beside}"


def of_cell(pattern, cell):
    """Return the file of a cell, with the first seed."""
    return pattern.format(**cell._asdict(), seed=PANEL_SEED)


def settings_checksum():
    """Return the checksum of the files beside config.yaml, which the page of settings resolves."""
    files = sorted(path for path in EXPERIMENT.folder.rglob("*.*") if path.is_file())
    content = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(content).hexdigest()


def cells_on(dataset):
    """Return the cells that are evaluated on a dataset."""
    return [cell for cell in EXPERIMENT.cells if cell.dataset == dataset]


def cells_trained_on(dataset):
    """Return the cells of the models that are trained on a dataset, wherever they are evaluated."""
    trained = [
        cell._replace(dataset=dataset)
        for cell in EXPERIMENT.cells
        if EXPERIMENT.trained_on(cell.dataset) == dataset
    ]
    return list(dict.fromkeys(trained))


def by_model(cells):
    """Return the cells of each label source and segmentor, in their order."""
    models = {}
    for cell in cells:
        models.setdefault((cell.source, cell.segmentor), []).append(cell)
    return models


def predictions_on(wildcards):
    """Return the predictions of every model on a dataset."""
    return [of_cell(PREDICTIONS, cell) for cell in cells_on(wildcards.dataset)]


def instances_on(wildcards):
    """Return the scores of every instance of a dataset, model by model."""
    return [
        of_cell(f"{SCORES}/instances.parquet", cell)
        for cell in cells_on(wildcards.dataset)
    ]


def panel_pages(wildcards):
    """Return the pages of panels of a dataset: a model each."""
    models = [
        {
            "labels": source,
            "labels_title": EXPERIMENT.described(source).title,
            "segmentor": segmentor,
            "segmentor_title": described_cell(cells[0])["segmentor_title"],
            "arms": [
                {
                    "loss": cell.loss,
                    "predictions": of_cell(PREDICTIONS, cell),
                    "instances": of_cell(f"{SCORES}/instances.parquet", cell),
                }
                for cell in cells
            ],
        }
        for (source, segmentor), cells in by_model(cells_on(wildcards.dataset)).items()
    ]
    return json.dumps({"dataset": described_split(wildcards.dataset), "models": models})


def made_sources(dataset):
    """Return the label sources of a training dataset whose labels are not the ground truth."""
    sources = dict.fromkeys(cell.source for cell in cells_trained_on(dataset))
    return [
        source
        for source in sources
        if EXPERIMENT.described(source).supervision != "full"
    ]


def labelled():
    """Return the training datasets that have pages of pseudo-labels."""
    return [dataset for dataset in TRAINED if made_sources(dataset)]


def manifests_of(wildcards):
    """Return the manifests of the label sources that pages of pseudo-labels show."""
    return [
        f"{SOURCE}/manifest.json".format(dataset=wildcards.dataset, source=source)
        for source in made_sources(wildcards.dataset)
    ]


def labels_of(wildcards):
    """Return the labels that pages of pseudo-labels show."""
    return [
        f"{SOURCE}/labels".format(dataset=wildcards.dataset, source=source)
        for source in made_sources(wildcards.dataset)
    ]


def label_pages(wildcards):
    """Return the pages of pseudo-labels: a label source each, on images with instance masks."""
    settings = EXPERIMENT.dataset(wildcards.dataset)
    sources = [
        {
            "labels": source,
            "labels_title": EXPERIMENT.described(source).title,
            "folder": SOURCE.format(dataset=wildcards.dataset, source=source),
        }
        for source in made_sources(wildcards.dataset)
    ]
    dataset = {
        **described_split(wildcards.dataset),
        "split": settings.label_score,
    }
    return json.dumps({"dataset": dataset, "sources": sources})


def trained_models(wildcards):
    """Return the checkpoints beside which learning curves stand."""
    return [
        f"{SEGMENTOR}/{name}.pth".format(
            dataset=dataset, source=source, segmentor=segmentor, seed=PANEL_SEED
        )
        for dataset in TRAINED
        for (source, segmentor), cells in by_model(cells_trained_on(dataset)).items()
        for name in ("shared", *(cell.loss for cell in cells))
    ]


def learning_curves(dataset):
    """Return the learning curves of the models of a dataset."""
    curves = []
    for (source, segmentor), cells in by_model(cells_trained_on(dataset)).items():
        folder = SEGMENTOR.format(
            dataset=dataset, source=source, segmentor=segmentor, seed=PANEL_SEED
        )
        described = described_cell(cells[0])
        several = (
            sum(name == source for name, _ in by_model(cells_trained_on(dataset))) > 1
        )
        curves.append(
            {
                "dataset": dataset,
                "dataset_title": described["dataset_title"],
                "labels": source,
                "segmentor": segmentor,
                "title": described["segmentor_title" if several else "labels_title"],
                "shared": f"{folder}/shared.log.csv",
                "arms": {cell.loss: f"{folder}/{cell.loss}.log.csv" for cell in cells},
            }
        )
    return curves


def plot_inputs(wildcards):
    """Return everything that is plotted."""
    datasets = dict.fromkeys(cell.dataset for cell in EXPERIMENT.cells)
    return json.dumps(
        {
            "cells": [described_cell(cell) for cell in EXPERIMENT.cells],
            "size_limits": {
                name: list(EXPERIMENT.dataset(name).size_limits) for name in datasets
            },
            "curves": [curve for name in TRAINED for curve in learning_curves(name)],
        }
    )


def dataset_title(wildcards):
    """Return the title of a dataset, under which the report lists its pages."""
    return EXPERIMENT.dataset(wildcards.dataset).title


def model_labels(wildcards):
    """Return what the report calls a page of panels: its label source and segmentor.

    In one label, as all here: where a second one has two values, Snakemake's page makes a switch of
    it, and shows nothing if not every combination is there.
    """
    if wildcards.page == "all":
        return {"model": "all"}
    source, _, segmentor = wildcards.page.rpartition(".")
    settings = EXPERIMENT.segmentor(segmentor, source, wildcards.dataset)
    return {"model": f"{EXPERIMENT.described(source).title}, {settings.title}"}


def plot_of(title, dataset):
    """Return what the report calls a plot of one dataset."""
    return {"plot": f"{title}: {EXPERIMENT.dataset(dataset).title}"}


def source_labels(wildcards):
    """Return what the report calls a page of pseudo-labels: its label source."""
    if wildcards.page == "all":
        return {"labels": "all"}
    if wildcards.page == "warnings":
        return {"labels": "warnings of bad labels"}
    return {"labels": EXPERIMENT.described(wildcards.page).title}
