# What rules of datasets hand over: where raw data is, and the settings of converters.
import shlex


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
