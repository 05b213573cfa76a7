"""The label sources of a matrix whose labels are bad."""

from collections.abc import Iterator
from pathlib import Path

from smallobjects.config import Experiment
from smallobjects.config.layout import MANIFEST
from smallobjects.pseudo_labels.labels.recorded_warnings import recorded_warnings


def bad_labels(experiment: Experiment, folder: Path) -> Iterator[str]:
    """Yield a line for every label source of an experiment whose labels have warnings.

    Args:
        experiment: whose cells are asked for.
        folder: where Snakemake runs.
    """
    sources = dict.fromkeys(
        (experiment.trained_on(cell.dataset), cell.source) for cell in experiment.cells
    )
    for dataset, source in sources:
        place = experiment.layout.source.format(dataset=dataset, source=source)
        manifest = folder / place / MANIFEST
        found = recorded_warnings(manifest)
        if found:
            messages = "; also: ".join(warning["message"] for warning in found)
            yield f"WARNING: labels of {source} for {dataset}: {messages}"
