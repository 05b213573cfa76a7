"""Every setting of an experiment as it is run, for people to read."""

from collections.abc import Iterator

import yaml
from pydantic import BaseModel

from smallobjects.config.experiment import Experiment


def resolved_settings(experiment: Experiment) -> list[tuple[str, str]]:
    """Return headings and texts (YAML): the experiment, datasets, label sources and segmentors.

    Settings that are alike for several label sources or datasets stand under one heading.
    """
    return [
        ("The experiment: config.yaml with what was changed", as_yaml(experiment.config)),
        (f"The scale: {experiment.config.scale}", as_yaml(experiment.scale)),
        *(
            (f"Dataset: {name}", as_yaml(experiment.dataset(name)))
            for name in experiment.config.datasets
        ),
        *_joined("Labels", _stages(experiment)),
        *_joined("Segmentor", _segmentors(experiment)),
    ]


def as_yaml(settings: BaseModel) -> str:
    """Return settings as YAML, in the order of their definition."""
    content = settings.model_dump(mode="json")
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _stages(experiment: Experiment) -> Iterator[tuple[str, str, str]]:
    for cell in experiment.cells:
        dataset = experiment.trained_on(cell.dataset)
        yield cell.source, f"for {dataset}", as_yaml(experiment.stages(cell.source, dataset))


def _segmentors(experiment: Experiment) -> Iterator[tuple[str, str, str]]:
    for cell in experiment.cells:
        dataset = experiment.trained_on(cell.dataset)
        settings = experiment.segmentor(cell.segmentor, cell.source, dataset)
        yield cell.segmentor, f"on {cell.source} for {dataset}", as_yaml(settings)


def _joined(kind: str, settings: Iterator[tuple[str, str, str]]) -> list[tuple[str, str]]:
    places: dict[tuple[str, str], list[str]] = {}
    for name, place, text in settings:
        found = places.setdefault((name, text), [])
        if place not in found:
            found.append(place)
    return [
        (f"{kind}: {name} ({', '.join(found)})", text) for (name, text), found in places.items()
    ]
