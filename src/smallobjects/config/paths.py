"""The paths that a run reads: those that must be there, and those that the workflow fetches."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from smallobjects.config.experiment import Experiment
from smallobjects.config.matrix import external_name
from smallobjects.fetching.records import is_provided, record_path

WEIGHTS = "weights"
"""Folder of the pretrained weights that are fetched."""


def missing_paths(experiment: Experiment) -> dict[str, str]:
    """Return every path that a run of `experiment` reads and that is not there, by its key.

    These are local raw data, external labels, saliency maps or their network, pretrained weights
    that cannot be fetched, and raw data of which only the record is left, which stands in the key's
    place.
    """
    paths = dict(_paths(experiment))
    fetched = known_weights(experiment)
    return {
        key: path for key, path in paths.items() if path not in fetched and not Path(path).exists()
    }


def known_weights(experiment: Experiment) -> dict[str, str]:
    """Return the pretrained weights that can be fetched: path and name in config/downloads.yaml."""
    return {f"{WEIGHTS}/{name}": name for name in experiment.downloads.weights}


def fetched_parts(experiment: Experiment, dataset: str) -> list[str]:
    """Return the paths of the raw data that the workflow fetches for a dataset.

    What somebody else put there, in whole or in part, is used as it is and not among them.
    """
    parameters = experiment.dataset(dataset)
    if parameters.raw != "download" or parameters.download is None:
        return []
    parts = [f"{experiment.config.downloads}/{part}" for part in parameters.download.parts]
    return [part for part in parts if not is_provided(part)]


def weights_in(settings: Mapping[str, Any]) -> list[str]:
    """Return the files of pretrained weights that nested settings name, each once."""
    return list(dict.fromkeys(path for _, path in _weights(settings, "")))


def _paths(experiment: Experiment) -> Iterator[tuple[str, str]]:
    for cell in experiment.cells:
        home = experiment.trained_on(cell.dataset)
        for dataset in (cell.dataset, home):
            raw = experiment.dataset(dataset).raw
            if raw not in ("synthetic", "download"):
                yield f"settings.datasets.{dataset}.raw", raw
            for part in fetched_parts(experiment, dataset):
                if record_path(part).exists():
                    yield str(record_path(part)), part
        yield from _decisions(experiment, cell.dataset)
        yield from _saliency(experiment, cell.source, home)
        name = external_name(cell.source)
        if name:
            labels = experiment.config.external[name].labels
            yield f"external.{name}.labels.{home}", labels[home]
        stages = experiment.stages(cell.source, home).model_dump()
        yield from _weights(stages, f"settings.methods.{cell.source}.stages")
        model = experiment.segmentor(cell.segmentor, cell.source, cell.dataset).model
        yield from _weights(model, f"settings.segmentors.{cell.segmentor}.model")
        first = experiment.first_segmentor(cell.source, home)
        if first:
            name = experiment.stages(cell.source, home).first_segmentor.segmentor
            yield from _weights(first.model, f"settings.segmentors.{name}.model")


def _decisions(experiment: Experiment, dataset: str) -> Iterator[tuple[str, str]]:
    """Yield the file of decisions about candidates, if one is named, with its key."""
    selection = experiment.dataset(dataset).selection
    if selection and selection.decisions:
        yield f"settings.datasets.{dataset}.selection.decisions", selection.decisions


def _saliency(experiment: Experiment, source: str, dataset: str) -> Iterator[tuple[str, str]]:
    """Yield the maps, network or weights that a label source's saliency comes from, with keys."""
    saliency = experiment.saliency(source, dataset)
    if saliency and saliency.path:
        yield f"settings.datasets.{dataset}.saliency.path", saliency.path
    if saliency and saliency.mask_training:
        training = saliency.mask_training.model_dump()
        yield from _weights(training, f"settings.datasets.{dataset}.saliency.training")


def _weights(settings: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    """Yield the files of pretrained weights that nested settings name, with their keys."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _weights(value, f"{key}.{name}")
        elif name in ("weights", "checkpoint") and value is not None:
            yield f"{key}.{name}", str(value)
