"""Checks of an experiment that need more than one value: names that must exist, paths too."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smallobjects.config.errors import unknown
from smallobjects.config.matrix import external_name
from smallobjects.config.model import ExperimentConfig

if TYPE_CHECKING:
    from smallobjects.config.experiment import Experiment


def check_names(config: ExperimentConfig, available: Callable[[str], list[str]]) -> None:
    """Check that everything the experiment names has a file of its own.

    Args:
        config: the experiment.
        available: gives the names that exist of a kind: datasets, methods, segmentors, scales.

    Raises:
        ConfigError: the key, the unknown name, and those that exist.
    """
    sources = [*available("methods"), *(f"external:{name}" for name in config.external)]
    named = [
        ("scale", [config.scale], available("scales")),
        ("datasets", config.datasets, available("datasets")),
    ]
    for index, block in enumerate(config.matrix):
        named.append((f"matrix.{index}.labels", block.labels, sources))
        named.append((f"matrix.{index}.segmentors", block.segmentors, available("segmentors")))
    for name, labels in config.external.items():
        named.append((f"external.{name}.labels", labels.labels, available("datasets")))
    for kind in ("datasets", "methods", "segmentors"):
        named.append((f"settings.{kind}", getattr(config.settings, kind), available(kind)))
    for key, values, allowed in named:
        for value in values:
            if value not in allowed:
                raise unknown(key, value, allowed)


def missing_paths(experiment: "Experiment") -> dict[str, str]:
    """Return every path that a run of `experiment` reads and that is not there, by its key.

    These are local raw data, pretrained weights and external labels.
    """
    paths = dict(_paths(experiment))
    return {key: path for key, path in paths.items() if not Path(path).exists()}


def _paths(experiment: "Experiment") -> Iterator[tuple[str, str]]:
    for cell in experiment.cells:
        raw = experiment.dataset(cell.dataset).raw
        if raw != "synthetic":
            yield f"settings.datasets.{cell.dataset}.raw", raw
        name = external_name(cell.source)
        if name:
            labels = experiment.config.external[name].labels
            yield f"external.{name}.labels.{cell.dataset}", labels[cell.dataset]
        stages = experiment.stages(cell.source, cell.dataset).model_dump()
        yield from _weights(stages, f"settings.methods.{cell.source}.stages")
        model = experiment.segmentor(cell.segmentor, cell.source, cell.dataset).model
        yield from _weights(model, f"settings.segmentors.{cell.segmentor}.model")


def _weights(settings: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    """Yield the files of pretrained weights that nested settings name, with their keys."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _weights(value, f"{key}.{name}")
        elif name in ("weights", "checkpoint") and value is not None:
            yield f"{key}.{name}", str(value)
