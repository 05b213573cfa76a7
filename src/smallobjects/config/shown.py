"""What is shown of a dataset's, a method's or a segmentor's settings, with their origins."""

from collections.abc import Sequence

from smallobjects.config.annotated import annotated
from smallobjects.config.errors import ConfigError, unknown
from smallobjects.config.experiment import Experiment
from smallobjects.config.matrix import external_name
from smallobjects.config.model import MethodFile


def show(experiment: Experiment, names: Sequence[str], stage: str | None = None) -> str:
    """Return settings as YAML, each line with the layer that its value comes from.

    Args:
        experiment: the configuration.
        names: a dataset; or a method and a dataset; or a segmentor, labels and a dataset.
        stage: of a method, this stage alone.

    Raises:
        ConfigError: there is no such name, with the one that is meant, if one is near.
    """
    *others, dataset = names
    if not others:
        return _dataset(experiment, dataset)
    kinds = ("segmentor", "labels")[-len(others) :]
    for kind, name in zip(kinds, others, strict=True):
        _check(kind, name, _known(experiment, kind))
    _check("dataset", dataset, experiment.available("datasets"))
    if len(others) == 1:
        return _method(experiment, others[0], dataset, stage)
    return _segmentor(experiment, *others, dataset)


def _dataset(experiment: Experiment, name: str) -> str:
    for kind, missing in (("labels", "METHOD DATASET"), ("segmentor", "SEGMENTOR LABELS DATASET")):
        if name in _known(experiment, kind):
            raise ConfigError(f"{name!r} is no dataset; give more: smallobjects settings {missing}")
    _check("dataset", name, experiment.available("datasets"))
    return annotated(experiment.dataset(name), experiment.dataset_layers(name))


def _method(experiment: Experiment, source: str, dataset: str, stage: str | None) -> str:
    if external_name(source):
        raise ConfigError(f"{source}: labels that you have, so no stages make them")
    home = experiment.trained_on(dataset)
    stages, resolved = experiment.stages(source, home), experiment.method_layers(source, home)
    made = stages.model_dump(mode="json", by_alias=True)
    if stage is None:
        method = MethodFile.model_validate(resolved.values)
        said = method.model_dump(mode="json", exclude={"per_dataset", "scales"})
        text = annotated({**said, "stages": made}, resolved)
    else:
        _check("--stage", stage, list(made))
        text = annotated(made[stage], resolved.below("stages").below(stage))
    return _about_home(dataset, home) + text


def _segmentor(experiment: Experiment, name: str, source: str, dataset: str) -> str:
    home = experiment.trained_on(dataset)
    text = annotated(
        experiment.segmentor(name, source, home), experiment.segmentor_layers(name, source, home)
    )
    return _about_home(dataset, home) + text


def _about_home(dataset: str, home: str) -> str:
    return "" if dataset == home else f"# {dataset} evaluates models of {home}: those for {home}\n"


def _known(experiment: Experiment, kind: str) -> list[str]:
    if kind == "segmentor":
        return experiment.available("segmentors")
    external = [f"external:{name}" for name in experiment.config.external]
    return [*experiment.available("methods"), *external]


def _check(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise unknown(kind, name, known)
