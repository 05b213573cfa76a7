"""The paths that a run reads and that must be there before its first job."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from smallobjects.config.experiment import Experiment
from smallobjects.config.matrix import external_name


def missing_paths(experiment: Experiment) -> dict[str, str]:
    """Return every path that a run of `experiment` reads and that is not there, by its key.

    These are local raw data, pretrained weights and external labels.
    """
    paths = dict(_paths(experiment))
    return {key: path for key, path in paths.items() if not Path(path).exists()}


def _paths(experiment: Experiment) -> Iterator[tuple[str, str]]:
    for cell in experiment.cells:
        home = experiment.trained_on(cell.dataset)
        for dataset in (cell.dataset, home):
            raw = experiment.dataset(dataset).raw
            if raw != "synthetic":
                yield f"settings.datasets.{dataset}.raw", raw
        yield from _decisions(experiment, cell.dataset)
        name = external_name(cell.source)
        if name:
            labels = experiment.config.external[name].labels
            yield f"external.{name}.labels.{home}", labels[home]
        stages = experiment.stages(cell.source, home).model_dump()
        yield from _weights(stages, f"settings.methods.{cell.source}.stages")
        model = experiment.segmentor(cell.segmentor, cell.source, cell.dataset).model
        yield from _weights(model, f"settings.segmentors.{cell.segmentor}.model")


def _decisions(experiment: Experiment, dataset: str) -> Iterator[tuple[str, str]]:
    """Yield the file of decisions about candidates, if one is named, with its key."""
    selection = experiment.dataset(dataset).selection
    if selection and selection.decisions:
        yield f"settings.datasets.{dataset}.selection.decisions", selection.decisions


def _weights(settings: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    """Yield the files of pretrained weights that nested settings name, with their keys."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _weights(value, f"{key}.{name}")
        elif name in ("weights", "checkpoint") and value is not None:
            yield f"{key}.{name}", str(value)
